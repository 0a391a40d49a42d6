package cloud

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	cases := map[string]struct {
		reason   string
		provider Provider
		need     Need
		want     string
		why      string
		err      string
	}{
		"EKS":           {"One machine has eight H100", EKS, Need{Accelerator: "H100", GPUs: 8}, "p5.48xlarge", "no other machine", ""},
		"GKE":           {"No list price tells them apart, so the table's order does", GKE, Need{Accelerator: "H100", GPUs: 8}, "a3-highgpu-8g", "comes first of 3 machines without a list price", ""},
		"AKS":           {"One size has eight H100", AKS, Need{Accelerator: "H100", GPUs: 8}, "Standard_ND96isr_H100_v5", "", ""},
		"Spelling":      {"Case, hyphens and the maker's name do not matter", EKS, Need{Accelerator: "nvidia l40s", GPUs: 1}, "g6e.xlarge", "lowest list price of 5 machines", ""},
		"Variant":       {"A variant has the name of its GPU too", AKS, Need{Accelerator: "H100", GPUs: 1}, "Standard_NC40ads_H100_v5", "H100 NVL", ""},
		"NamedVariant":  {"And its own", AKS, Need{Accelerator: "h100-nvl", GPUs: 2}, "Standard_NC80adis_H100_v5", "", ""},
		"Cheapest":      {"The cheaper of two A100", EKS, Need{Accelerator: "A100", GPUs: 8}, "p4d.24xlarge", "40960 MiB, and the lowest list price of 2", ""},
		"Memory":        {"Memory tells two apart", EKS, Need{Accelerator: "A100", GPUs: 8, MemoryMiB: 80 * gib}, "p4de.24xlarge", "", ""},
		"RoundMemory":   {"24Gi of an L4 are 22888 MiB", EKS, Need{Accelerator: "L4", GPUs: 1, MemoryMiB: 24 * gib}, "g6.xlarge", "", ""},
		"Priced":        {"A known price is better than none", EKS, Need{Accelerator: "H200", GPUs: 8}, "p5en.48xlarge", "", ""},
		"Fabric":        {"Interfaces tell machines apart that have no price", GKE, Need{Accelerator: "H100", GPUs: 8, Fabric: true}, "a3-megagpu-8g", "most interfaces of its fabric", ""},
		"SmallFabric":   {"The cheapest machine with a fabric", EKS, Need{Accelerator: "L4", GPUs: 1, Fabric: true}, "g6.8xlarge", "lowest list price of 3", ""},
		"UnknownGPU":    {"What there is instead", AKS, Need{Accelerator: "L4", GPUs: 1}, "", "", "AKS has no GPU L4: use one of A10, A100, GB200, GB300, H100, H200, MI300X"},
		"UnknownCount":  {"Which counts there are", EKS, Need{Accelerator: "H100", GPUs: 4}, "", "", "EKS has no machine of 4 H100: use a count of 1 or 8"},
		"UnknownMemory": {"Which memories there are", EKS, Need{Accelerator: "A100", GPUs: 8, MemoryMiB: 24 * gib}, "", "", "use a memory of 40960 or 81920 MiB"},
		"NoFabric":      {"Which is missing", GKE, Need{Accelerator: "A100", GPUs: 8, Fabric: true}, "", "", "GKE has no machine of 8 A100 with a fabric"},
		"NoFraction":    {"A part of a GPU is none", AKS, Need{Accelerator: "A10", GPUs: 1}, "Standard_NV36ads_A10_v5", "", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m, why, err := Choose(tc.provider, tc.need)
			if m.Name != tc.want || !strings.Contains(why, tc.why) {
				t.Errorf("%s\nwant %q since %q, got %q since %q", tc.reason, tc.want, tc.why, m.Name, why)
			}
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s\nwant error %q, got %v", tc.reason, tc.err, err)
			}
		})
	}
}

// TestChooseAlways finds each accelerator of each cloud by each count it exists with, the same every time.
func TestChooseAlways(t *testing.T) {
	for _, p := range providers() {
		for _, m := range Machines(p) {
			if m.GPUs == 0 {
				continue
			}
			first, why, err := Choose(p, Need{Accelerator: m.Accelerator, GPUs: m.GPUs, MemoryMiB: m.GPUMemoryMiB})
			if err != nil || why == "" {
				t.Errorf("%s: %q, %v", m.Name, why, err)
			}
			again, _, _ := Choose(p, Need{Accelerator: m.Accelerator, GPUs: m.GPUs, MemoryMiB: m.GPUMemoryMiB})
			if first != again {
				t.Errorf("%s: %s, then %s", m.Name, first.Name, again.Name)
			}
		}
	}
}
