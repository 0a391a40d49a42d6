package function

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/ready"
	"github.com/graphplane/graphplane/function/remote"
	"github.com/graphplane/graphplane/function/wire"
)

// stage returns the items that exist from now on, ready to be desired, and the verdicts on those that are held.
func (f *Function) stage(req *fnv1.RunFunctionRequest, resources []compose.Resource, counted map[string]*structpb.Struct) (now []*item, held map[string]ready.Verdict, err error) {
	now = observe(req, resources, counted)
	if !f.finished {
		if now, held, err = hold(now); err != nil {
			return nil, nil, err
		}
	}
	return now, held, f.encode(now)
}

// announce has Crossplane watch the kinds of what is held before any exists: it watches what a function requires, there or
// not, and each of dozens of objects would be an event when the watch starts. What the API server may not serve is left out.
func announce(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse, to *remote.Target, g *graph.Graph, resources []compose.Resource, held map[string]ready.Verdict) error {
	if !g.Many() {
		return nil
	}
	for _, r := range resources {
		if _, ok := held[r.Name]; !ok {
			continue
		}
		gvk, _, _, err := to.Address(r)
		if err != nil {
			return err
		}
		if builtin(gvk.Group) {
			wire.Require(req, rsp, "watch:"+gvk.Kind, gvk.GroupVersion().String(), gvk.Kind, g.Namespace, g.Name)
		}
	}
	return nil
}

// hold keeps back the items whose turn has not come: one first appears when all that it comes after is observed and
// ready. One that is observed stays, whatever becomes of what it came after.
//
// While an item is held, something that it comes after is desired and not ready, so that the composite resource is not
// ready either.
func hold(items []*item) (now []*item, held map[string]ready.Verdict, err error) {
	byName := make(map[string]*item, len(items))
	for _, i := range items {
		byName[i.Name] = i
	}
	held = map[string]ready.Verdict{}
	for _, i := range items {
		v := ready.Verdict{Ready: true}
		if i.observed == nil {
			if v, err = turn(i, byName); err != nil {
				return nil, nil, err
			}
		}
		if v.Ready {
			now = append(now, i)
		} else {
			held[i.Name] = v
		}
	}
	return now, held, nil
}

// postpone holds the late items back until all others are observed that nothing keeps from appearing with them. One that is
// observed stays.
func postpone(items []*item, held map[string]ready.Verdict) []*item {
	first := slices.IndexFunc(items, func(i *item) bool { return i.observed == nil && !i.Late && len(i.After) == 0 })
	if first < 0 {
		return items
	}
	now := make([]*item, 0, len(items))
	for _, i := range items {
		if i.observed == nil && i.Late {
			held[i.Name] = waiting(items[first], ready.Exists(nil))
		} else {
			now = append(now, i)
		}
	}
	return now
}

// turn says whether all that an item comes after is there, or what it waits for.
func turn(i *item, byName map[string]*item) (ready.Verdict, error) {
	if i.Wait != "" {
		return ready.Verdict{Message: i.Wait}, nil
	}
	for _, name := range slices.Sorted(slices.Values(i.After)) {
		before, ok := byName[name]
		if !ok {
			return ready.Verdict{}, errors.Errorf("%s comes after %s, which is not composed", i.Name, name)
		}
		if v := before.Ready(before.observed); !v.Ready {
			return waiting(before, v), nil
		}
	}
	return ready.Verdict{Ready: true}, nil
}

// waiting is the verdict on an item that waits for another, of which a verdict is known.
func waiting(before *item, v ready.Verdict) ready.Verdict {
	kind := before.Object.GetObjectKind().GroupVersionKind().Kind
	return ready.Verdict{Message: fmt.Sprintf("Waiting for %s: %s", kind, v.Message)}
}
