package v1alpha1

// ScalingGuard keeps what scales apart in proportion. Decode scales as its autoscaler likes, and prefill follows: prefill
// beyond what decode takes over is idle, and decode without prefill starves.
type ScalingGuard struct {
	// PrefillToDecode bounds the replicas of all components of type prefill to those of all of type decode. Prefill that an
	// autoscaler or the planner scales gets bounds that keep to it, within its own min and max. Several share them in the
	// proportion of their max.
	PrefillToDecode RatioBounds `json:"prefillToDecode"`
}

// RatioBounds are the least and the greatest of a ratio.
// +kubebuilder:validation:XValidation:rule="has(self.min) || has(self.max)",message="needs min, max or both, as 1:4: set one"
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || int(self.min.split(':')[0]) * int(self.max.split(':')[1]) <= int(self.max.split(':')[0]) * int(self.min.split(':')[1])",message="min cannot be more than max: lower min or raise max"
type RatioBounds struct {
	// Min is the least ratio, as 1:4 for at least one replica of prefill for every four of decode.
	// +optional
	Min Ratio `json:"min,omitempty"`

	// Max is the greatest ratio, as 1:1 for at most one replica of prefill for every one of decode.
	// +optional
	Max Ratio `json:"max,omitempty"`
}

// A Ratio is of two numbers of replicas from 1 to 999, with a colon between them.
// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,2}:[1-9][0-9]{0,2}$`
// +kubebuilder:validation:MaxLength=7
type Ratio string

// ScalingGuardStatus is what the guard was last seen to do.
type ScalingGuardStatus struct {
	// Prefill is how many replicas all components of type prefill should have.
	Prefill int32 `json:"prefill"`

	// Decode is how many replicas all components of type decode should have.
	Decode int32 `json:"decode"`

	// Components that are held within bounds.
	// +optional
	// +listType=map
	// +listMapKey=name
	Components []GuardedComponent `json:"components,omitempty"`
}

// A GuardedComponent is one that the guard gives bounds.
type GuardedComponent struct {
	// Name of the component.
	Name string `json:"name"`

	// Min and Max are the bounds that it has now. The planner's has no Max where the guard has none.
	Min int32 `json:"min"`
	// +optional
	Max int32 `json:"max,omitempty"`
}
