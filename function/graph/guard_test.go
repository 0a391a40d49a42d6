package graph

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGuardBounds(t *testing.T) {
	type bounds struct{ Least, Most int64 }
	quarter, half, one := Ratio{1, 4}, Ratio{1, 2}, Ratio{1, 1}
	cases := map[string]struct {
		reason string
		guard  Guard
		decode int64
		want   []bounds
	}{
		"Both": {
			reason: "Whole replicas within both ratios",
			guard:  Guard{Min: quarter, Max: one, weights: []int64{8}}, decode: 8, want: []bounds{{2, 8}},
		},
		"RoundsInwards": {
			reason: "5 of decode need at least 1.25 and allow at most 2.5",
			guard:  Guard{Min: quarter, Max: half, weights: []int64{8}}, decode: 5, want: []bounds{{2, 2}},
		},
		"NothingBetween": {
			reason: "No whole number lies between both, so the least counts: prefill that is idle costs less than decode that is",
			guard:  Guard{Min: quarter, Max: quarter, weights: []int64{8}}, decode: 5, want: []bounds{{2, 2}},
		},
		"MinAlone": {
			reason: "Without a maximum there is none",
			guard:  Guard{Min: half, weights: []int64{8}}, decode: 3, want: []bounds{{2, math.MaxInt32}},
		},
		"MaxAlone": {
			reason: "Without a minimum there is none",
			guard:  Guard{Max: one, weights: []int64{8}}, decode: 3, want: []bounds{{0, 3}},
		},
		"NoDecode": {
			reason: "Decode that is scaled to zero needs no prefill",
			guard:  Guard{Min: quarter, Max: one, weights: []int64{8}}, decode: 0, want: []bounds{{0, 0}},
		},
		"Fixed": {
			reason: "Prefill that nobody scales counts, and what is left is for the others",
			guard:  Guard{Min: half, Max: one, Fixed: 3, weights: []int64{8}}, decode: 8, want: []bounds{{1, 5}},
		},
		"FixedIsMore": {
			reason: "Prefill that nobody scales may be more than is allowed",
			guard:  Guard{Min: half, Max: one, Fixed: 9, weights: []int64{8}}, decode: 8, want: []bounds{{0, 0}},
		},
		"Shared": {
			reason: "Several share the bounds by their max: together they are never above the most, nor below the least",
			guard:  Guard{Min: half, Max: one, weights: []int64{6, 2}}, decode: 8, want: []bounds{{3, 6}, {1, 2}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := make([]bounds, 0, len(tc.want))
			for n := range tc.guard.weights {
				least, most := tc.guard.Bounds(n, tc.decode)
				got = append(got, bounds{least, most})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
