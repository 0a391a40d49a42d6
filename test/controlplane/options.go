package controlplane

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options say what a control plane consists of. The zero value is usable.
type Options struct {
	// Log receives one line for every step. Nothing is written if it is nil.
	Log io.Writer

	// Root is the repository, whose modules below tools pin the components. By
	// default it is looked for from the working directory upwards.
	Root string

	// Nodes of the cluster. DefaultNodes if empty.
	Nodes []NodeGroup

	// CrossplaneArgs are added to the arguments of "crossplane core start".
	CrossplaneArgs []string

	// ReconcilesPerCPU is how many objects Crossplane reconciles at once for each CPU, zero for few enough to leave most of
	// them to what else runs.
	ReconcilesPerCPU int

	// LeaderWorkerSet installs LeaderWorkerSet and runs its controller.
	LeaderWorkerSet bool

	// Systems runs an etcd cluster and a NATS system for graphs to use, of three
	// servers each, and tells the provider of them. See EtcdSystem, NATSSystem.
	Systems bool

	// Clouds plays Amazon, Google and Azure, and their Crossplane providers, for node pools. Nodes join the cluster that
	// Crossplane runs in, but those of pools of a cluster called RemoteConfig join the remote one. See package simulator.
	Clouds bool

	// Remote starts a second cluster, and provider-kubernetes, by which Crossplane reaches it as RemoteConfig.
	Remote bool

	// RemoteNodes of the remote cluster. One CPU node if empty.
	RemoteNodes []NodeGroup

	// Addons installs the definitions of the add-ons that graphs may use: KEDA,
	// the Prometheus operator, Gateway API and its inference extension, Istio,
	// KAI, Volcano and Grove. Their controllers do not run. What would keep a
	// graph from becoming Ready is played: a ScaledObject is taken up, an
	// HTTPRoute accepted, a PodCliqueSet gets its pods, and pods of the
	// schedulers of KAI and Volcano are placed, each by itself.
	Addons bool

	// Metrics serves the metrics that HorizontalPodAutoscalers read. See Metrics.
	Metrics bool

	// Keep leaves the state directory, logs included, behind after Stop.
	Keep bool
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}

	if len(o.Nodes) == 0 {
		o.Nodes = DefaultNodes()
	}

	if len(o.RemoteNodes) == 0 {
		o.RemoteNodes = []NodeGroup{{Name: "remote-cpu", Count: 1, CPU: "32", Memory: "128Gi", Zones: []string{"zone-a"}}}
	}

	if o.Root != "" {
		return o, nil
	}

	root, err := FindRoot()
	o.Root = root

	return o, err
}

// want returns whether a control plane with these options runs a tool.
func (o Options) want(t tool) bool {
	switch t.name {
	case lwsTool().name:
		return o.LeaderWorkerSet
	case natsTool().name:
		return o.Systems
	case providerKubernetes:
		return o.Remote
	default:
		return true
	}
}

// FindRoot returns the repository that the working directory is in.
func FindRoot() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot get working directory: %w", err)
	}

	for dir := wd; ; dir = filepath.Dir(dir) {
		_, err := os.Stat(filepath.Join(dir, "tools", "crossplane", "go.mod"))
		if err == nil {
			return dir, nil
		}

		if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("cannot look for the repository: %w", err)
		}

		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no directory above %s holds tools/crossplane/go.mod", wd)
		}
	}
}
