package controlplane

import (
	"fmt"
	"syscall"
)

// find returns the processes of a package that have not ended.
func (rt *packageRuntime) find(pkg string) []*process {
	rt.mu.Lock()
	defer rt.mu.Unlock()

	var out []*process

	for _, w := range rt.workloads {
		if w.pkg == pkg && w.process != nil && w.process.alive() {
			out = append(out, w.process)
		}
	}

	return out
}

// kill the processes of a package and wait for their end.
func (rt *packageRuntime) kill(pkg string) int {
	found := rt.find(pkg)

	for _, p := range found {
		rt.mu.Lock()
		rt.killed[p] = true
		rt.mu.Unlock()

		p.signal(syscall.SIGKILL)
		<-p.done
	}

	return len(found)
}

// KillFunction kills the process of a function or provider, as a node that dies
// does. It is started again at once.
func (cp *ControlPlane) KillFunction(name string) error {
	if cp.runtime.kill(name) == 0 {
		return fmt.Errorf("no process of package %q is running", name)
	}

	return nil
}

// SuspendFunction kills the process of a function or provider, and does not
// start it again until ResumeFunction.
func (cp *ControlPlane) SuspendFunction(name string) {
	cp.runtime.mu.Lock()
	cp.runtime.suspended[name] = true
	cp.runtime.mu.Unlock()

	cp.runtime.kill(name)
}

// ResumeFunction lets a suspended package run again.
func (cp *ControlPlane) ResumeFunction(name string) {
	cp.runtime.mu.Lock()
	delete(cp.runtime.suspended, name)
	cp.runtime.mu.Unlock()
	cp.runtime.kick()
}

// Restarts returns how often the process of a package ended by itself, or by
// KillFunction, and was started again.
func (cp *ControlPlane) Restarts(name string) int {
	cp.runtime.mu.Lock()
	defer cp.runtime.mu.Unlock()

	n := 0

	for _, w := range cp.runtime.workloads {
		if w.pkg == name {
			n += w.restarts
		}
	}

	return n
}

// PackageMetrics returns the URL of the metrics of a function or provider, if
// its program takes METRICS_ADDRESS.
func (cp *ControlPlane) PackageMetrics(name string) (string, error) {
	cp.runtime.mu.Lock()
	defer cp.runtime.mu.Unlock()

	for _, w := range cp.runtime.workloads {
		if w.pkg == name {
			return "http://" + w.metrics + "/metrics", nil
		}
	}

	return "", fmt.Errorf("package %q has no process", name)
}
