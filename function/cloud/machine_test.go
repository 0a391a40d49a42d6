package cloud

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func providers() []Provider { return []Provider{EKS, GKE, AKS} }

// TestMachines holds every row against what any machine has.
func TestMachines(t *testing.T) {
	want := map[Provider]int{EKS: 47, GKE: 34, AKS: 18}
	for _, p := range providers() {
		seen := map[string]bool{}
		for _, m := range Machines(p) {
			switch {
			case seen[m.Name]:
				t.Errorf("%s: twice", m.Name)
			case (m.GPUs == 0) == (m.Fraction == 0):
				t.Errorf("%s: %d GPUs and a fraction of one by %d", m.Name, m.GPUs, m.Fraction)
			case m.GPUMemoryMiB < 20*gib || m.VCPU == 0 || m.MemoryMiB == 0 || m.Arch == "" || m.Source == "" || m.Provider != p:
				t.Errorf("%s: incomplete: %+v", m.Name, m)
			case (m.Fabric == FabricNone) != (m.Interfaces == 0):
				t.Errorf("%s: fabric %q of %d interfaces", m.Name, m.Fabric, m.Interfaces)
			case m.Price != 0 && (m.AsOf == "" || m.Region == ""):
				t.Errorf("%s: a price without its date or region", m.Name)
			case m.SpotPrice >= m.Price && m.Price != 0:
				t.Errorf("%s: spot costs %s, on demand %s", m.Name, m.SpotPrice, m.Price)
			case (p == GKE) != (m.CloudAccelerator != ""):
				t.Errorf("%s: GKE's name of the GPU is %q", m.Name, m.CloudAccelerator)
			}
			seen[m.Name] = true
		}
		if len(seen) != want[p] {
			t.Errorf("%s: %d machines, want %d", p, len(seen), want[p])
		}
	}
}

// TestKnownErrors holds the rows that public catalogues have wrong.
func TestKnownErrors(t *testing.T) {
	find := func(p Provider, name string) Machine {
		m, ok := Find(p, name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		return m
	}
	cases := map[string]struct {
		reason    string
		got, want any
	}{
		"LargerA100":    {"The cluster toolkit calls the GPU of a2-ultragpu nvidia-tesla-a100", find(GKE, "a2-ultragpu-1g").CloudAccelerator, "nvidia-a100-80gb"},
		"SmallerA100":   {"That is the GPU of a2-highgpu", find(GKE, "a2-highgpu-1g").CloudAccelerator, "nvidia-tesla-a100"},
		"OneL4":         {"g2-standard-32 has one L4, though g2-standard-24 has two", find(GKE, "g2-standard-32").GPUs, int32(1)},
		"OneL4Price":    {"So it costs less", find(GKE, "g2-standard-32").Price < find(GKE, "g2-standard-24").Price, true},
		"Fraction":      {"g4-standard-12 has a quarter of a GPU", find(GKE, "g4-standard-12").Fraction, int32(4)},
		"FractionA10":   {"Standard_NV6ads_A10_v5 has a sixth of a GPU", find(AKS, "Standard_NV6ads_A10_v5").Fraction, int32(6)},
		"ARM":           {"a4x needs images for ARM", find(GKE, "a4x-highgpu-4g").Arch, ARM64},
		"TotalMemory":   {"Azure's table has the memory of all GPUs for most sizes", find(AKS, "Standard_ND96isr_H100_v5").GPUMemoryMiB, int64(80 * gib)},
		"MemoryOfOne":   {"And of one for this", find(AKS, "Standard_ND96amsr_A100_v4").GPUMemoryMiB, int64(80 * gib)},
		"SizeName":      {"KAITO and the price list call it Standard_ND96asr_A100_v4", find(AKS, "Standard_ND96asr_v4").GPUMemoryMiB, int64(40 * gib)},
		"CheaperH200":   {"H200 is cheaper than H100 on Azure's list", find(AKS, "Standard_ND96isr_H200_v5").Price < find(AKS, "Standard_ND96isr_H100_v5").Price, true},
		"CardsAreNot":   {"p6-b300 has 17 network cards, and card 0 has no EFA", find(EKS, "p6-b300.48xlarge").Interfaces, int32(16)},
		"NotTheRetired": {"A name of a price list is no size", func() bool { _, ok := Find(AKS, "Standard_ND96asr_A100_v4"); return ok }(), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.got); diff != "" {
				t.Errorf("%s (-want, +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestDollars(t *testing.T) {
	for d, want := range map[Dollars]string{usd(55.04): "55.04", usd(3.673385): "3.673385", usd(12): "12.00", usd(8.1): "8.10"} {
		if got := d.String(); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}
