package v1alpha1

// A Model is a set of weights and the name it is served by.
type Model struct {
	// Name of the model: a Hugging Face repository, or a path inside a mounted volume.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// ServedName is the name clients ask for. Defaults to name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServedName string `json:"servedName,omitempty"`

	// Revision of the model repository: a branch, tag or commit.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Revision string `json:"revision,omitempty"`

	// TokenSecretRef is the key of a Secret that holds a Hugging Face token, set as HF_TOKEN.
	// +optional
	TokenSecretRef *SecretKeyReference `json:"tokenSecretRef,omitempty"`

	// Cache is a claim with weights and tokenizer, mounted in every component that reads them, the frontend too.
	// +optional
	Cache *Mount `json:"cache,omitempty"`
}

// SecretKeyReference is a key of a Secret in the graph's namespace.
type SecretKeyReference struct {
	// Name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key in the Secret.
	// +optional
	// +kubebuilder:default=HF_TOKEN
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}
