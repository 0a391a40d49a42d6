package v1alpha1

// Restart rolls components again each time its ID changes.
// +kubebuilder:validation:XValidation:rule="!has(self.order) || self.strategy != 'Parallel'",message="order is for strategy Sequential: remove order or set strategy to Sequential",fieldPath=".order"
type Restart struct {
	// ID of the restart. A new ID requests a new restart.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ID string `json:"id"`

	// Strategy restarts one component at a time or all at once.
	// +optional
	// +kubebuilder:validation:Enum=Sequential;Parallel
	// +kubebuilder:default=Sequential
	Strategy string `json:"strategy,omitempty"`

	// Order of a sequential restart: the names of all components. Defaults to their order in the spec.
	// +optional
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Order []string `json:"order,omitempty"`
}
