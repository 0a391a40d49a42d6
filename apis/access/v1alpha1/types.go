package v1alpha1

// A SecretReference names a Secret. A ProviderConfig reads Secrets of its own
// namespace and leaves the namespace out; a ClusterProviderConfig must set it.
type SecretReference struct {
	// Name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Namespace of the Secret. Set it in a ClusterProviderConfig only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace *string `json:"namespace,omitempty"`
}

// A SecretKeyReference names one key of a Secret.
type SecretKeyReference struct {
	SecretReference `json:",inline"`

	// Key of the Secret's data.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// TLS says how the servers are verified and how we present ourselves to them.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.insecureSkipVerify) && self.insecureSkipVerify) || !has(self.caSecretRef)",message="insecureSkipVerify makes caSecretRef useless: remove one of them"
type TLS struct {
	// CASecretRef is the PEM bundle that signed the servers' certificates.
	// Without it the system's roots are used.
	// +optional
	CASecretRef *SecretKeyReference `json:"caSecretRef,omitempty"`

	// CertSecretRef is a Secret with the client's tls.crt and tls.key.
	// +optional
	CertSecretRef *SecretReference `json:"certSecretRef,omitempty"`

	// ServerName expected in the servers' certificates, where it differs from
	// the host of the endpoint.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServerName *string `json:"serverName,omitempty"`

	// InsecureSkipVerify accepts any certificate. Never set it outside a test.
	// +optional
	InsecureSkipVerify *bool `json:"insecureSkipVerify,omitempty"`
}

// Basic refers to a Secret with the keys username and password.
type Basic struct {
	// SecretRef is the Secret; its keys are username and password.
	SecretRef SecretReference `json:"secretRef"`
}

// Conditions and reasons that the Endpoints of both groups report.
const (
	// TypeHealthy is the condition that says whether a system has its full
	// redundancy. Ready says whether it is usable now.
	TypeHealthy = "Healthy"

	// ReasonAvailable : the system serves.
	ReasonAvailable = "Available"
	// ReasonTLSRequired : the Endpoint requires TLS, the ProviderConfig has a
	// plain-text address.
	ReasonTLSRequired = "TLSRequired"
	// ReasonInvalidConfig : the ProviderConfig or a Secret of it cannot be used.
	ReasonInvalidConfig = "InvalidConfig"
	// ReasonUnreachable : no server answered.
	ReasonUnreachable = "Unreachable"
	// ReasonUnauthenticated : the servers refused our credentials.
	ReasonUnauthenticated = "Unauthenticated"
	// ReasonWrongCluster : the servers belong to another cluster than the one
	// that the external name pins.
	ReasonWrongCluster = "WrongCluster"
	// ReasonNoQuorum : a majority of the members is lost.
	ReasonNoQuorum = "NoQuorum"
	// ReasonVersionUnsupported : a server is older than the Endpoint allows.
	ReasonVersionUnsupported = "VersionUnsupported"

	// ReasonFullyRedundant : every member is up and nothing is about to fail.
	ReasonFullyRedundant = "FullyRedundant"
	// ReasonUnavailable : the system does not serve, see Ready.
	ReasonUnavailable = "Unavailable"
	// ReasonMembersDown : a member does not answer.
	ReasonMembersDown = "MembersDown"
	// ReasonMemberCount : the cluster has another number of members than
	// expected.
	ReasonMemberCount = "MemberCount"
	// ReasonCertificateExpiring : a certificate expires within seven days.
	ReasonCertificateExpiring = "CertificateExpiring"

	// ReasonNotFound : what the resource describes does not exist.
	ReasonNotFound = "NotFound"
)

// Keys of the connection Secrets beside those that Crossplane defines
// (endpoint, username, password, token, clusterCA, clientCert, clientKey).
const (
	// KeyEndpoints holds every address, sorted, separated by commas.
	KeyEndpoints = "endpoints"
	// KeyCreds holds a NATS credentials file (JWT and seed).
	KeyCreds = "creds"
	// KeyNKey holds a NATS NKey seed.
	KeyNKey = "nkey"
	// KeyJWT holds a NATS user JWT.
	KeyJWT = "jwt"
	// KeyServerName holds the name expected in the servers' certificates.
	KeyServerName = "serverName"
)
