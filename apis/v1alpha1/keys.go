package v1alpha1

// Labels that Graphplane sets on the objects it composes. Selectors use these, never the runtime's own labels.
const (
	// LabelGraph names the InferenceGraph an object or pod belongs to.
	LabelGraph = "graphplane.io/graph"

	// LabelComponent names the component, in lower case, an object or pod belongs to.
	LabelComponent = "graphplane.io/component"

	// LabelType is the component's type: frontend, worker, prefill, decode, planner, epp or custom.
	LabelType = "graphplane.io/component-type"

	// LabelRole is leader or worker, on the pods of a component of several nodes.
	LabelRole = "graphplane.io/role"

	// LabelRetain marks a claim that outlives its graph.
	LabelRetain = "graphplane.io/retain"
)

// LabelNodePool is on nodes, and on the cloud object they are of, the pool's name in the cloud. Pods of the pool select it.
const LabelNodePool = "graphplane.io/node-pool"

// Annotations of the cloud objects of a node pool.
const (
	// AnnotationPool is the name of the pool in its graph.
	AnnotationPool = "graphplane.io/pool"

	// AnnotationRung is which choice of the pool the object is: 0, or the number of a fallback.
	AnnotationRung = "graphplane.io/rung"

	// AnnotationNodes records what the nodes are, for pods that run on them after the pool became something else.
	AnnotationNodes = "graphplane.io/nodes"
)

// AnnotationRevision is a digest of what was last applied of a workload. Readiness is judged by it.
const AnnotationRevision = "graphplane.io/revision"

// AnnotationConfig is on the pods of an endpoint picker a digest of its configuration, which it reads only once.
const AnnotationConfig = "graphplane.io/config"

// AnnotationRestart is on the pods of a component the ID of the restart that it was last rolled for. It stays when
// spec.restart is removed, since its removal would roll the component once more.
const AnnotationRestart = "graphplane.io/restart"

// AnnotationCredentials is on the pods of a graph until when the NATS user is valid that they signed in with. The runtime
// reads a credentials file only when it starts, so pods roll for a renewed one.
const AnnotationCredentials = "graphplane.io/nats-user-expires"

// Phases of a restart.
const (
	// RestartRestarting is the phase while a component rolls, or waits for its turn.
	RestartRestarting = "Restarting"

	// RestartCompleted is the phase once every component was rolled for the restart.
	RestartCompleted = "Completed"
)

// Strategies of a restart.
const (
	// RestartSequential rolls one component after the other, each when the one before it is ready.
	RestartSequential = "Sequential"

	// RestartParallel rolls all components at once.
	RestartParallel = "Parallel"
)

// Condition types of an InferenceGraph, beside Crossplane's own Synced and Ready.
const (
	// ConditionAccepted is False while the spec cannot be composed. Everything composed before stays as it is.
	ConditionAccepted = "Accepted"

	// ConditionCapacityReady is True when the cloud reports every node pool of the graph as usable. A graph without pools
	// has none.
	ConditionCapacityReady = "CapacityReady"

	// ConditionComponentsReady is True when the current generation of every component is rolled out.
	ConditionComponentsReady = "ComponentsReady"

	// ConditionEndpointsReady is True when the etcd and NATS systems that the graph uses can be used, and the graph has
	// its rights in them. It is there for graphs that use one. Components that run are left alone while it is False.
	ConditionEndpointsReady = "EndpointsReady"

	// ConditionKindsServed is False while the cluster does not serve a kind that the graph is to have objects of. Those
	// are held, and all else goes on. It is there for graphs that miss one or did.
	ConditionKindsServed = "KindsServed"

	// ConditionScalingLimited is True while a bound of spec.scalingGuard keeps prefill from fewer or from more replicas,
	// as the condition of the same name of a HorizontalPodAutoscaler is. It is there for graphs with such a guard.
	ConditionScalingLimited = "ScalingLimited"
)

// Reasons of ConditionAccepted.
const (
	ReasonAccepted         = "Accepted"
	ReasonInvalidSpec      = "InvalidSpec"
	ReasonPolicyViolation  = "PolicyViolation"
	ReasonMissingInput     = "MissingInput"
	ReasonNameConflict     = "NameConflict"
	ReasonUnsupportedField = "UnsupportedField"
)

// Reasons of ConditionCapacityReady.
const (
	ReasonCapacityReady       = "CapacityReady"
	ReasonProvisioning        = "Provisioning"
	ReasonReplacing           = "Replacing"
	ReasonNoCapacity          = "NoCapacity"
	ReasonQuotaExceeded       = "QuotaExceeded"
	ReasonNoAddresses         = "NoAddresses"
	ReasonNotPermitted        = "NotPermitted"
	ReasonReservationNotFound = "ReservationNotFound"
	ReasonCloudError          = "CloudError"
)

// Reasons of ConditionComponentsReady. When components fail for several, the first of the list of failures is the
// condition's, and the message has them all.
const (
	ReasonRolledOut   = "RolledOut"
	ReasonProgressing = "Progressing"

	// ReasonImagePullFailed says that a pod cannot pull an image.
	ReasonImagePullFailed = "ImagePullFailed"

	// ReasonContainerInvalid says that a container cannot be started, as for want of a Secret.
	ReasonContainerInvalid = "ContainerInvalid"

	// ReasonCrashLooping says that a container keeps ending.
	ReasonCrashLooping = "CrashLooping"

	// ReasonUnschedulable says that no node fits a pod, whatever room there is: labels, taints or volumes are wrong.
	ReasonUnschedulable = "Unschedulable"

	// ReasonPodFailed says that a pod was ended by its node.
	ReasonPodFailed = "PodFailed"

	// ReasonInsufficientCapacity says that no node has room for a pod. It waits until there is some.
	ReasonInsufficientCapacity = "InsufficientCapacity"
)

// Reasons of ConditionEndpointsReady.
const (
	ReasonEndpointsAvailable = "Available"
	ReasonEndpointsWaiting   = "Waiting"
	ReasonEndpointsUnused    = "Unused"
)

// Reasons of ConditionScalingLimited.
const (
	ReasonWithinBounds = "WithinBounds"

	// ReasonPrefillAtMaximum says that prefill gets no more replicas before decode has more.
	ReasonPrefillAtMaximum = "PrefillAtMaximum"

	// ReasonPrefillAtMinimum says that prefill gets no fewer replicas before decode has fewer.
	ReasonPrefillAtMinimum = "PrefillAtMinimum"

	// ReasonNoGuard says that the graph has no guard any more.
	ReasonNoGuard = "NoGuard"
)

// Reasons of ConditionKindsServed.
const (
	ReasonInstalled    = "Installed"
	ReasonNotInstalled = "NotInstalled"
)
