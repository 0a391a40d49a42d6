package simulator

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	scaling := func(least, most, desired float64) map[string]any {
		return map[string]any{"minSize": least, "maxSize": most, "desiredSize": desired}
	}

	cases := map[string]struct {
		reason    string
		asked     params
		actual    params
		exclusive []string
		want      []change
	}{
		"Same":        {"What is as asked has no changes", params{"a": "x", "b": []any{"y"}}, params{"a": "x", "b": []any{"y"}, "c": 1.0}, nil, nil},
		"Nested":      {"An embedded object is a list to Terraform", params{"scalingConfig": scaling(0, 4, 1)}, params{"scalingConfig": scaling(0, 4, 3)}, nil, []change{{"scaling_config.0.desired_size", "3", "1"}}},
		"Exclusive":   {"A field of initProvider alone is ignored", params{"scalingConfig": scaling(0, 4, 1)}, params{"scalingConfig": scaling(0, 4, 3)}, []string{"scalingConfig"}, nil},
		"MapRemoved":  {"A label that is not asked for any more is one to remove", params{"labels": map[string]any{"a": "1"}}, params{"labels": map[string]any{"a": "1", "b": "2"}}, nil, []change{{"labels.b", "2", ""}}},
		"ListShorter": {"The length of a list is a change of its own", params{"taint": []any{}}, params{"taint": []any{map[string]any{"key": "a"}}}, nil, []change{{"taint.#", "1", "0"}}},
		"List":        {"An element is compared by its index", params{"instanceTypes": []any{"b"}}, params{"instanceTypes": []any{"a"}}, nil, []change{{"instance_types.0", "a", "b"}}},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := diff(tc.asked, tc.actual, tc.exclusive)
			if d := cmp.Diff(tc.want, got, cmp.AllowUnexported(change{})); d != "" {
				t.Errorf("%s: -want, +got:\n%s", tc.reason, d)
			}
		})
	}
}
