package controlplane

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// runtimeInterval is how often the package runtime looks at all revisions if
// nothing changes, and how soon it tries again what did not succeed.
const runtimeInterval = 250 * time.Millisecond

// A packageRuntime plays the controller that runs packages in a cluster: it
// keeps one process for every active revision of a package, and tells Crossplane
// where that listens.
type packageRuntime struct {
	cp  *ControlPlane
	dir string

	kicks chan struct{}

	// mu guards what tests reach from outside of the loop.
	mu        sync.Mutex
	workloads map[string]*workload
	suspended map[string]bool

	// killed are processes whose end is nothing to report.
	killed map[*process]bool
}

func newPackageRuntime(cp *ControlPlane) *packageRuntime {
	return &packageRuntime{
		cp:        cp,
		dir:       filepath.Join(cp.Dir, "packages"),
		kicks:     make(chan struct{}, 1),
		workloads: map[string]*workload{},
		suspended: map[string]bool{},
		killed:    map[*process]bool{},
	}
}

// kick makes the loop look at all revisions now.
func (rt *packageRuntime) kick() {
	select {
	case rt.kicks <- struct{}{}:
	default:
	}
}

func (rt *packageRuntime) run(ctx context.Context) {
	f := dynamicinformer.NewDynamicSharedInformerFactory(rt.cp.dynamic, 0)
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { rt.kick() },
		UpdateFunc: func(any, any) { rt.kick() },
		DeleteFunc: func(any) { rt.kick() },
	}

	for _, r := range revisionResources() {
		// It fails only if the informer has been stopped.
		_, _ = f.ForResource(r).Informer().AddEventHandler(handler)
	}

	f.Start(ctx.Done())
	defer f.Shutdown()

	f.WaitForCacheSync(ctx.Done())

	t := time.NewTicker(runtimeInterval)
	defer t.Stop()

	said := ""

	for {
		select {
		case <-ctx.Done():
			return
		case <-rt.kicks:
		case <-t.C:
		}

		err := rt.reconcile(ctx, f)
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			rt.cp.log.printf("package runtime: %v", err)
		}
	}
}

// reconcile all revisions.
func (rt *packageRuntime) reconcile(ctx context.Context, f dynamicinformer.DynamicSharedInformerFactory) error {
	active := map[string]bool{}

	var failed error

	for _, resource := range revisionResources() {
		for _, o := range f.ForResource(resource).Informer().GetStore().List() {
			u, ok := o.(*unstructured.Unstructured)
			if !ok {
				continue
			}

			r := revision{Unstructured: u.DeepCopy(), resource: resource}
			if !r.active() || r.image() == "" {
				continue
			}

			active[r.GetName()] = true

			if err := rt.ensure(ctx, r); err != nil {
				failed = fmt.Errorf("cannot run package %s: %w", r.GetName(), err)
			}
		}
	}

	rt.stopOthers(active)

	return failed
}

// stopOthers stops the processes of revisions that are not active any more.
func (rt *packageRuntime) stopOthers(active map[string]bool) {
	rt.mu.Lock()

	var stop []*process

	for name, w := range rt.workloads {
		if active[name] {
			continue
		}

		delete(rt.workloads, name)

		if w.process != nil {
			stop = append(stop, w.process)
		}
	}

	rt.mu.Unlock()

	for _, p := range stop {
		rt.cp.super.stop(p)
	}
}

// ensure that the process of an active revision runs and that Crossplane knows.
func (rt *packageRuntime) ensure(ctx context.Context, r revision) error {
	w, err := rt.workload(ctx, r)
	if err != nil {
		return err
	}

	if err := rt.startWorkload(w); err != nil {
		return err
	}

	s := runtimeStatus{endpoint: w.address, tlsSecret: w.secret, healthy: true}
	if r.function() && !rt.serving(ctx, w) {
		s.healthy = false
		s.message = "The function does not accept connections"
	}

	if !r.report(s, time.Now()) {
		return nil
	}

	_, err = rt.cp.dynamic.Resource(r.resource).UpdateStatus(ctx, r.Unstructured, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) {
		// The informer will bring us what changed.
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot update status: %w", err)
	}

	return nil
}

func (rt *packageRuntime) workload(ctx context.Context, r revision) (*workload, error) {
	rt.mu.Lock()
	w := rt.workloads[r.GetName()]
	rt.mu.Unlock()

	if w != nil {
		return w, nil
	}

	secret, err := rt.serverSecret(ctx, r)
	if err != nil {
		return nil, err
	}

	w, err = rt.newWorkload(ctx, r, secret)
	if err != nil {
		return nil, err
	}

	rt.mu.Lock()
	rt.workloads[r.GetName()] = w
	rt.mu.Unlock()

	return w, nil
}

// startWorkload starts a workload unless it runs, is suspended or has to wait.
func (rt *packageRuntime) startWorkload(w *workload) error {
	rt.mu.Lock()
	defer rt.mu.Unlock()

	if w.process != nil || rt.suspended[w.pkg] || time.Now().Before(w.notUntil) {
		return nil
	}

	c := w.command
	c.onExit = func(p *process) {
		rt.mu.Lock()
		w.ended(time.Now())
		killed := rt.killed[p]
		delete(rt.killed, p)
		rt.mu.Unlock()

		if !killed {
			rt.cp.log.printf("%v", p.crash())
		}

		rt.kick()
	}

	w.started = time.Now()

	p, err := rt.cp.super.start(c)
	w.process = p

	return err
}

func (rt *packageRuntime) serving(ctx context.Context, w *workload) bool {
	rt.mu.Lock()
	defer rt.mu.Unlock()

	return w.serving(ctx)
}

// serverSecret returns the Secret with the certificate that a package serves
// with, signed by Crossplane's authority as its own runtime does it, but for a
// loopback address.
func (rt *packageRuntime) serverSecret(ctx context.Context, r revision) (*corev1.Secret, error) {
	secrets := rt.cp.client.CoreV1().Secrets(crossplaneNamespace)
	name := r.pkg() + "-tls-server"

	s, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		return s, nil
	}

	if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("cannot get Secret %s: %w", name, err)
	}

	p, err := rt.cp.crossplane.ca.serve(r.pkg(), r.pkg()+"."+crossplaneNamespace)
	if err != nil {
		return nil, err
	}

	s = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Type:       corev1.SecretTypeOpaque,
		Data:       p.files(),
	}

	s, err = secrets.Create(ctx, s, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot create Secret %s: %w", name, err)
	}

	return s, nil
}
