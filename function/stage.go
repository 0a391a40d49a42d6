package function

import (
	"fmt"
	"slices"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"

	"github.com/graphplane/graphplane/function/ready"
)

// stage splits items into those that exist from now on and those that are held: a resource first appears when all that it
// comes after is observed and ready. One that is observed stays, whatever becomes of what it came after.
//
// While an item is held, something that it comes after is desired and not ready, so that the composite resource is not
// ready either.
func stage(items []*item) (now, held []*item, err error) {
	byName := make(map[string]*item, len(items))
	for _, i := range items {
		byName[i.Name] = i
	}
	for _, i := range items {
		if i.observed != nil {
			now = append(now, i)
			continue
		}
		v, err := i.turn(byName)
		if err != nil {
			return nil, nil, err
		}
		if v.Ready {
			now = append(now, i)
			continue
		}
		i.verdict, i.judged = v, true
		held = append(held, i)
	}
	return now, held, nil
}

// turn says whether all that an item comes after is there, and what it waits for.
func (i *item) turn(byName map[string]*item) (ready.Verdict, error) {
	for _, name := range slices.Sorted(slices.Values(i.After)) {
		before, ok := byName[name]
		if !ok {
			return ready.Verdict{}, errors.Errorf("%s comes after %s, which is not composed", i.Name, name)
		}
		if err := before.judge(); err != nil {
			return ready.Verdict{}, err
		}
		if !before.verdict.Ready {
			kind := before.Object.GetObjectKind().GroupVersionKind().Kind
			return ready.Verdict{Message: fmt.Sprintf("Waiting for %s: %s", kind, before.verdict.Message)}, nil
		}
	}
	return ready.Verdict{Ready: true}, nil
}
