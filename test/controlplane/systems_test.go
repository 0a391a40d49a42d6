package controlplane

import (
	"context"
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// startSystemsAlone starts the systems and nothing else of a control plane.
func startSystemsAlone(t *testing.T) *ControlPlane {
	t.Helper()

	if testing.Short() {
		t.Skip("starts six servers")
	}

	root, err := FindRoot()
	if err != nil {
		t.Fatal(err)
	}

	log := newProgress(io.Discard)

	tools, err := newToolbox(root, log)
	if err != nil {
		t.Fatal(err)
	}

	dir, err := makeStateDir()
	if err != nil {
		t.Fatal(err)
	}

	cp := &ControlPlane{
		Cluster: &Cluster{Dir: dir, log: log, tools: tools, super: newSupervisor(filepath.Join(dir, "logs"))},
		options: Options{Systems: true},
	}

	t.Cleanup(func() { _ = cp.Stop() })

	if err := cp.startSystems(t.Context()); err != nil {
		t.Fatalf("startSystems: %v", err)
	}

	return cp
}

func TestSystemsFaults(t *testing.T) {
	cp := startSystemsAlone(t)
	etcd, nats := cp.EtcdSystem(), cp.NATSSystem()

	type args struct {
		hurt func() error
	}

	// Of what is hurt, the last server answers.
	cases := map[string]struct {
		reason string
		args   args
		want   bool
	}{
		"EtcdOneKilled": {
			reason: "Two of three members are a majority",
			args:   args{hurt: func() error { return etcd.Kill(0) }}, want: true,
		},
		"EtcdTwoKilled": {
			reason: "One of three members is none",
			args:   args{hurt: func() error { return each(etcd.Kill, 0, 1) }},
		},
		"EtcdTwoPaused": {
			reason: "Nor is it beside two that hang",
			args:   args{hurt: func() error { return each(etcd.Pause, 0, 1) }},
		},
		"NATSOneKilled": {
			reason: "Two of three servers are a majority",
			args:   args{hurt: func() error { return nats.Kill(0) }}, want: true,
		},
		"NATSOnePaused": {
			reason: "They are one beside one that hangs",
			args:   args{hurt: func() error { return nats.Pause(0) }}, want: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := tc.args.hurt(); err != nil {
				t.Fatal(err)
			}

			last := systemSize - 1
			serves := func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), probeTimeout)
				defer cancel()

				return etcd.serves(ctx, last) == nil && get(ctx, addresses("http", nats.health)[last]+"/healthz") == nil
			}

			eventually(t, tc.reason, func() bool { return serves() == tc.want })

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()

			if err := etcd.Mend(ctx); err != nil {
				t.Fatal(err)
			}

			if err := nats.Mend(ctx); err != nil {
				t.Fatal(err)
			}

			if err := cp.Err(); err != nil {
				t.Errorf("want what a test does on purpose to fail nothing, got %v", err)
			}
		})
	}

	t.Run("KilledTwice", func(t *testing.T) {
		if err := each(nats.Kill, 0, 0); err == nil {
			t.Error("want an error from a server that does not run")
		}
	})

	t.Run("CrashIsReported", func(t *testing.T) {
		if err := syscall.Kill(cp.Processes()["etcd-2"], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}

		eventually(t, "the control plane has failed", func() bool { return cp.Err() != nil })
	})
}

func each(do func(i int) error, servers ...int) error {
	for _, i := range servers {
		if err := do(i); err != nil {
			return err
		}
	}

	return nil
}

// Only who has a certificate and a password may use etcd, and the shared user
// only the runtime's keys.
func TestEtcdSystemAuth(t *testing.T) {
	etcd := startSystemsAlone(t).EtcdSystem()

	cases := map[string]struct {
		reason string
		args   struct{ user, password, key string }
		want   bool
	}{
		"Root": {
			reason: "Root may do everything",
			args:   struct{ user, password, key string }{etcdRoot, etcd.root, "anything"}, want: true,
		},
		"Shared": {
			reason: "The shared user may use the runtime's keys",
			args:   struct{ user, password, key string }{etcdShared, etcd.shared, "v1/instances/x"}, want: true,
		},
		"SharedElsewhere": {
			reason: "It may not use others",
			args:   struct{ user, password, key string }{etcdShared, etcd.shared, "anything"},
		},
		"WrongPassword": {
			reason: "A password has to be right",
			args:   struct{ user, password, key string }{etcdShared, etcd.root, "v1/instances/x"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()

			got := false

			if c, err := etcd.Client(ctx, tc.args.user, tc.args.password); err == nil {
				_, err = c.Put(ctx, tc.args.key, "")
				got = err == nil
				_ = c.Close()
			}

			if got != tc.want {
				t.Errorf("\n%s\nPut(%q): want success %t, got %t", tc.reason, tc.args.key, tc.want, got)
			}
		})
	}
}

// systemsAreReady shows that the provider reaches the systems by every
// ClusterProviderConfig, and goes on to after certificates and passwords have
// changed.
func (r running) systemsAreReady(t *testing.T) {
	var endpoints []*unstructured.Unstructured

	for _, c := range []struct{ technology, config string }{
		{"etcd", EtcdConfig},
		{"etcd", EtcdSharedConfig},
		{"nats", NATSConfig},
		{"nats", NATSSharedConfig},
	} {
		endpoints = append(endpoints, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": c.technology + ".graphplane.io/v1alpha1",
			"kind":       "Endpoint",
			"metadata":   map[string]any{"name": c.config},
			"spec": map[string]any{
				"providerConfigRef":          map[string]any{"kind": "ClusterProviderConfig", "name": c.config},
				"writeConnectionSecretToRef": map[string]any{"name": c.config},
				"forProvider":                map[string]any{"requireTLS": true},
			},
		}})
	}

	ready := func(what string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()

		if err := r.Apply(ctx, "default", endpoints...); err != nil {
			t.Fatal(err)
		}

		for _, e := range endpoints {
			e.SetNamespace("default")

			if err := r.Wait(ctx, e, "Ready", "Healthy"); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}

	ready("at first")

	for range 2 {
		if err := r.EtcdSystem().RotatePassword(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if err := r.EtcdSystem().RotateCertificates(t.Context()); err != nil {
		t.Fatal(err)
	}

	if err := r.NATSSystem().RotateCertificates(); err != nil {
		t.Fatal(err)
	}

	if err := r.NATSSystem().RotateCreds(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Made anew, they cannot be Ready from before.
	for _, e := range endpoints {
		e.SetName(e.GetName() + "-again")
		e.SetNamespace("")
	}

	ready("after everything was rotated")
}
