package function

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

func TestHold(t *testing.T) {
	there := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	never := func(*structpb.Struct) ready.Verdict { return ready.Verdict{Message: "The database is down"} }
	staged := func(name string, observed *structpb.Struct, check ready.Check, after ...string) *item {
		o := &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}}
		return &item{Resource: compose.Resource{Name: name, Object: o, Ready: check, After: after}, observed: observed}
	}
	type want struct {
		Now  []string
		Held map[string]string
		Err  bool
	}
	cases := map[string]struct {
		reason string
		items  []*item
		want   want
	}{
		"NothingToWaitFor": {
			reason: "A resource that comes after nothing appears at once",
			items:  []*item{staged("a", nil, ready.Exists)},
			want:   want{Now: []string{"a"}},
		},
		"NotThere": {
			reason: "A resource is held until what it comes after exists, and says so",
			items:  []*item{staged("b", nil, ready.Exists, "a"), staged("a", nil, ready.Exists)},
			want:   want{Now: []string{"a"}, Held: map[string]string{"b": "Waiting for Secret: Waiting to be created"}},
		},
		"NotReady": {
			reason: "A resource is held until what it comes after is ready",
			items:  []*item{staged("a", there, never), staged("b", nil, ready.Exists, "a")},
			want:   want{Now: []string{"a"}, Held: map[string]string{"b": "Waiting for Secret: The database is down"}},
		},
		"Ready": {
			reason: "A resource appears once all that it comes after is ready",
			items:  []*item{staged("a", there, ready.Exists), staged("b", there, ready.Exists), staged("c", nil, ready.Exists, "a", "b")},
			want:   want{Now: []string{"a", "b", "c"}},
		},
		"Failed": {
			reason: "A resource that is observed stays when what it came after is not ready any more, or gone",
			items:  []*item{staged("a", there, never), staged("b", there, ready.Exists, "a"), staged("c", there, ready.Exists, "d"), staged("d", nil, ready.Exists)},
			want:   want{Now: []string{"a", "b", "c", "d"}},
		},
		"Chain": {
			reason: "What comes after something held is held too",
			items:  []*item{staged("a", nil, ready.Exists), staged("b", nil, ready.Exists, "a"), staged("c", nil, ready.Exists, "b")},
			want: want{Now: []string{"a"}, Held: map[string]string{
				"b": "Waiting for Secret: Waiting to be created",
				"c": "Waiting for Secret: Waiting to be created",
			}},
		},
		"Unknown": {
			reason: "To come after something that is not composed is a fault of ours, not a wait for ever",
			items:  []*item{staged("b", nil, ready.Exists, "a")},
			want:   want{Err: true},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			now, held, err := hold(tc.items)
			got := want{Err: err != nil}
			for _, i := range now {
				got.Now = append(got.Now, i.Name)
			}
			for name, v := range held {
				if got.Held == nil {
					got.Held = map[string]string{}
				}
				got.Held[name] = v.Message
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// manifest is what a desired Object brings, or else the desired object itself.
func manifest(r *fnv1.Resource) *structpb.Struct {
	if wire.String(r.GetResource(), "kind") == remote.Kind {
		return wire.Get(r.GetResource(), "spec", "forProvider", "manifest").GetStructValue()
	}
	return r.GetResource()
}

func TestPostpone(t *testing.T) {
	there := &structpb.Struct{}
	early := func(name string, observed *structpb.Struct) *item {
		o := &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}}
		return &item{Resource: compose.Resource{Name: name, Object: o}, observed: observed}
	}
	late := func(name string, observed *structpb.Struct) *item {
		i := early(name, observed)
		i.Late = true
		return i
	}
	after := func(name, before string) *item {
		i := early(name, nil)
		i.After = []string{before}
		return i
	}
	cases := map[string]struct {
		reason string
		items  []*item
		want   []string
	}{
		"Early":    {reason: "What is late waits for what is not to exist", items: []*item{late("a", nil), early("b", nil), early("c", there)}, want: []string{"b", "c"}},
		"Turn":     {reason: "Once the others exist it appears", items: []*item{late("a", nil), late("b", nil), early("c", there)}, want: []string{"a", "b", "c"}},
		"There":    {reason: "What is observed stays when something appears that is not late", items: []*item{late("a", there), early("b", nil)}, want: []string{"a", "b"}},
		"InTurn":   {reason: "It appears with what came after something itself", items: []*item{late("a", nil), after("b", "c"), early("c", there)}, want: []string{"a", "b", "c"}},
		"NoOthers": {reason: "It does not wait for what does not appear yet itself", items: []*item{late("a", nil)}, want: []string{"a"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			held := map[string]ready.Verdict{}
			var got []string
			for _, i := range postpone(tc.items, held) {
				got = append(got, i.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
			for _, i := range tc.items {
				if v, ok := held[i.Name]; ok == slices.Contains(got, i.Name) || (ok && v.Message != "Waiting for Secret: Waiting to be created") {
					t.Errorf("\n%s\nheld of %s: %+v", tc.reason, i.Name, v)
				}
			}
		})
	}
}

// TestStaged follows a graph from nothing: the first step has all that its pods need but a right to use it, what comes after
// something or is late appears with the second, the composite resource is not ready before, and nothing appears or goes at
// the third.
func TestStaged(t *testing.T) {
	for file, xr := range examples(t) {
		t.Run(file, func(t *testing.T) {
			s := simulate(t, xr, append(clusters(t), object(t, namespace))...)
			if wire.String(xr, "spec", "clusterRef", "name") == "edge" {
				s.apply() // The namespace there comes before everything.
			}
			known := maps.Clone(s.observed)
			first := s.apply().GetDesired().GetResources()
			for name, r := range first {
				switch wire.String(manifest(r), "kind") {
				case lws.Kind:
					t.Errorf("%s appears before its ServiceAccount", name)
				case "RoleBinding":
					t.Errorf("%s appears before its Role", name)
				case "Service":
					if first["deployment."+strings.TrimPrefix(name, "service.")] != nil {
						t.Errorf("%s appears with its Deployment, and keeps others waiting", name)
					}
				}
				if r.GetReady() == fnv1.Ready_READY_TRUE && known[name] == nil {
					t.Errorf("%s is ready before it exists", name)
				}
			}
			s.rollOut()
			second := s.apply().GetDesired().GetResources()
			if len(second) <= len(first) {
				t.Errorf("want more than %d resources in the second step, got %d", len(first), len(second))
			}
			if third := s.apply().GetDesired().GetResources(); len(third) != len(second) {
				t.Errorf("want %d resources in the third step, got %d", len(second), len(third))
			}
		})
	}
}

// In a graph of many components no kind of which there will be dozens is first watched once they exist, nor are its objects
// looked up before they appear: Crossplane's circuit breaker counts both.
func TestManyComponents(t *testing.T) {
	several := func(n map[string]int) (out []string) {
		for kind, n := range n {
			if n >= 10 {
				out = append(out, kind)
			}
		}
		slices.Sort(out)
		return out
	}
	s := simulate(t, graphOf(25), object(t, local), object(t, namespace))
	var watched []string
	seen := map[string]bool{}
	for step := range 3 {
		rsp := s.apply()
		first, lookedUp := map[string]int{}, map[string]int{}
		for name, r := range rsp.GetDesired().GetResources() {
			if !seen[name] {
				first[wire.String(r.GetResource(), "kind")]++
			}
			seen[name] = true
		}
		for as, sel := range rsp.GetRequirements().GetResources() {
			if name, ok := strings.CutPrefix(as, "conflict:"); ok && rsp.GetDesired().GetResources()[name] == nil {
				lookedUp[sel.GetKind()]++
			}
		}
		for _, kind := range several(first) {
			if !slices.Contains(watched, kind) {
				t.Errorf("step %d: dozens of %s appear, and Crossplane does not watch them yet", step, kind)
			}
		}
		if kinds := several(lookedUp); kinds != nil {
			t.Errorf("step %d: %v are looked up that do not appear yet", step, kinds)
		}
		watched = nil
		for _, sel := range rsp.GetRequirements().GetResources() {
			watched = append(watched, sel.GetKind())
		}
		s.rollOut()
	}
	if n := len(seen); n != len(s.observed) || n < 3*25 {
		t.Errorf("%d objects appeared, %d exist", n, len(s.observed))
	}
	if diff := cmp.Diff([]string{v1alpha1.InferenceClusterKind}, watched); diff != "" {
		t.Errorf("-want, +required at rest:\n%s", diff)
	}
}
