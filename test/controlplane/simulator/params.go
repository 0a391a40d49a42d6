package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// params are what is asked of a cloud, or what it has, as JSON.
type params map[string]any

func parseParams(raw json.RawMessage) (params, error) {
	p := params{}
	if len(raw) == 0 {
		return p, nil
	}

	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("cannot parse parameters: %w", err)
	}

	return p, nil
}

// decode into a struct of the fields that a cloud understands.
func (p params) decode(into any) error {
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("cannot encode parameters: %w", err)
	}

	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("cannot decode parameters: %w", err)
	}

	return nil
}

// over returns what is in p or, where p has nothing, in q. Objects are merged, as upjet merges initProvider into forProvider.
func (p params) over(q params) params {
	out := params{}
	maps.Copy(out, p)

	for k, v := range q {
		mine, ok := out[k]
		if !ok {
			out[k] = v
			continue
		}

		a, isA := mine.(map[string]any)
		b, isB := v.(map[string]any)

		if isA && isB {
			out[k] = map[string]any(params(a).over(b))
		}
	}

	return out
}

// A change that Terraform sees between what is asked for and what there is.
type change struct {
	// path in Terraform's notation: scaling_config.0.desired_size.
	path     string
	old, new string
}

// diff returns the changes by which what is asked for would become what there is, in the order of their paths. Top-level
// fields of initProvider alone are left out. Fields below them are not: no released provider ignores those, for want of the
// index in the key it ignores (crossplane/upjet#728).
func diff(asked, actual params, exclusive []string) []change {
	var out []change

	for _, k := range slices.Sorted(maps.Keys(asked)) {
		if !slices.Contains(exclusive, k) {
			out = append(out, compare(snake(k), asked[k], actual[k])...)
		}
	}

	return out
}

func compare(path string, asked, actual any) []change {
	switch a := asked.(type) {
	case map[string]any:
		b, _ := actual.(map[string]any)

		return compareObject(path, a, b)
	case []any:
		b, _ := actual.([]any)
		out := []change{}

		if len(a) != len(b) {
			out = append(out, change{path + ".#", strconv.Itoa(len(b)), strconv.Itoa(len(a))})
		}

		for i := range min(len(a), len(b)) {
			out = append(out, compare(path+"."+strconv.Itoa(i), a[i], b[i])...)
		}

		return out
	}

	if reflect.DeepEqual(asked, actual) {
		return nil
	}

	return []change{{path, show(actual), show(asked)}}
}

// compareObject compares an embedded object, which to Terraform is a list of one, or a map of free keys.
func compareObject(path string, asked, actual map[string]any) []change {
	var out []change

	free := isMap(path)
	keys := maps.Clone(asked)

	if free {
		maps.Copy(keys, actual)
		maps.Copy(keys, asked)
	}

	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if v, ok := asked[k]; ok && !free {
			out = append(out, compare(path+".0."+snake(k), v, actual[k])...)
		} else {
			out = append(out, compare(path+"."+k, asked[k], actual[k])...)
		}
	}

	return out
}

// isMap returns whether a path is that of a map, whose keys are the user's.
func isMap(path string) bool {
	last := path[strings.LastIndexByte(path, '.')+1:]

	return slices.Contains([]string{"labels", "tags", "node_labels", "resource_labels", "metadata"}, last)
}

func show(v any) string {
	if v == nil {
		return ""
	}

	return fmt.Sprint(v)
}

// snake returns Terraform's name of a field: nodeRoleArn is node_role_arn.
func snake(s string) string {
	var b strings.Builder

	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}

		b.WriteRune(unicode.ToLower(r))
	}

	return b.String()
}
