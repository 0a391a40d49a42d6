package managed

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
)

func TestFresh(t *testing.T) {
	// The object in the cache has version 999.
	at := func(version string) *v1alpha1.Endpoint {
		e := &v1alpha1.Endpoint{}
		e.Namespace, e.Name, e.ResourceVersion = "ns", "e", version
		return e
	}
	type want struct {
		Result reconcile.Result
		Called int
	}
	cases := map[string]struct {
		reason string
		args   func(w *Written)
		want   want
	}{
		"NothingWritten": {
			reason: "What we did not write is as fresh as it gets.",
			args:   func(*Written) {},
			want:   want{Called: 1},
		},
		"Behind": {
			reason: "A cache without our last write is waited for.",
			args:   func(w *Written) { w.see(at("1000")) },
			want:   want{Result: reconcile.Result{RequeueAfter: cacheLag}},
		},
		"Caught": {
			reason: "A cache that has it is not.",
			args:   func(w *Written) { w.see(at("999")) },
			want:   want{Called: 1},
		},
		"Forgotten": {
			reason: "A resource that was deleted and made again begins anew.",
			args: func(w *Written) {
				w.see(at("1000"))
				w.forget(types.NamespacedName{Namespace: "ns", Name: "e"})
			},
			want: want{Called: 1},
		},
		"NoNumber": {
			reason: "A version that cannot be compared keeps nobody waiting.",
			args:   func(w *Written) { w.see(at("abc")) },
			want:   want{Called: 1},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			writes := 0
			c, e := counting(t, &writes)
			got := want{}
			f := &Fresh{Client: c, Of: &v1alpha1.Endpoint{}, Written: NewWritten(), Reconciler: reconcile.Func(
				func(context.Context, reconcile.Request) (reconcile.Result, error) {
					got.Called++
					return reconcile.Result{}, nil
				})}
			tc.args(f.Written)
			var err error
			got.Result, err = f.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nReconcile(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestFreshStops shows that a queue is not worked off by a process that stops.
func TestFreshStops(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cancel()
	f := &Fresh{Reconciler: reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		t.Error("it reconciles although the process is stopping")
		return reconcile.Result{}, nil
	})}
	if got, err := f.Reconcile(ctx, reconcile.Request{}); err != nil || got != (reconcile.Result{}) {
		t.Errorf("Reconcile(...): %v, %v, want nothing", got, err)
	}
}
