package cloud

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Need is what a machine must have.
type Need struct {
	Accelerator string
	GPUs        int32
	// MemoryMiB of one GPU, 0 for any.
	MemoryMiB int64
	Fabric    bool
	// Among are the names of the machines to choose from, empty for all.
	Among []string
}

// tolerance is how far, in percent, the memory that people name may be from what the table has: 24 GB are 22888 MiB on
// EC2.
const tolerance = 10

// Choose the machine of a cloud for a need, and say why it was chosen. The same need is the same machine every time: the
// cheapest, then, where no price is known and a fabric is needed, the one with most interfaces, then the first of the
// table. The error says what the cloud has instead.
func Choose(p Provider, n Need) (m Machine, why string, err error) {
	accelerator := fold(n.Accelerator)
	same := filter(Machines(p), func(m Machine) bool {
		return fold(m.Accelerator) == accelerator || fold(m.GPU()) == accelerator
	})
	if len(same) == 0 {
		return Machine{}, "", fmt.Errorf("%s has no GPU %s: use one of %s", p, n.Accelerator, strings.Join(Accelerators(p), ", "))
	}
	counted := filter(same, func(m Machine) bool { return m.GPUs == n.GPUs })
	if len(counted) == 0 {
		return Machine{}, "", fmt.Errorf("%s has no machine of %d %s: use a count of %s", p, n.GPUs, n.Accelerator, counts(same))
	}
	sized := filter(counted, func(m Machine) bool { return n.MemoryMiB == 0 || near(m.GPUMemoryMiB, n.MemoryMiB) })
	if len(sized) == 0 {
		return Machine{}, "", fmt.Errorf("%s has no %s with %d MiB on a machine of %d: use a memory of %s, or none", p, n.Accelerator, n.MemoryMiB, n.GPUs, memories(counted))
	}
	fit := filter(sized, func(m Machine) bool {
		return (!n.Fabric || m.Fabric != FabricNone) && (len(n.Among) == 0 || slices.Contains(n.Among, m.Name))
	})
	if len(fit) == 0 {
		return Machine{}, "", fmt.Errorf("%s has no machine of %d %s with a fabric: remove fabric, or use another accelerator", p, n.GPUs, n.Accelerator)
	}
	slices.SortStableFunc(fit, func(a, b Machine) int {
		if (a.Price == 0) != (b.Price == 0) {
			return cmp.Compare(b.Price, a.Price)
		}
		if a.Price == 0 && n.Fabric {
			return cmp.Compare(b.Interfaces, a.Interfaces)
		}
		return cmp.Compare(a.Price, b.Price)
	})
	return fit[0], because(n, fit), nil
}

// because says why the first of the machines that fit was chosen.
func because(n Need, fit []Machine) string {
	m := fit[0]
	what := fmt.Sprintf("%s has %d %s of %d MiB", m.Name, m.GPUs, m.GPU(), m.GPUMemoryMiB)
	switch {
	case len(fit) == 1:
		return what + ", and no other machine has what the pool asks for"
	case m.Price != 0:
		return fmt.Sprintf("%s, and the lowest list price of %d machines", what, len(fit))
	case n.Fabric && m.Interfaces > fit[1].Interfaces:
		return what + ", and the most interfaces of its fabric"
	}
	return fmt.Sprintf("%s, and comes first of %d machines without a list price", what, len(fit))
}

// Accelerators of a cloud, sorted.
func Accelerators(p Provider) []string {
	var out []string
	for _, m := range Machines(p) {
		if m.GPUs > 0 {
			out = append(out, m.Accelerator)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func counts(machines []Machine) string {
	var n []int32
	for _, m := range machines {
		if m.GPUs > 0 {
			n = append(n, m.GPUs)
		}
	}
	slices.Sort(n)
	return list(slices.Compact(n))
}

func memories(machines []Machine) string {
	var n []int64
	for _, m := range machines {
		n = append(n, m.GPUMemoryMiB)
	}
	slices.Sort(n)
	return list(slices.Compact(n)) + " MiB"
}

func list[T int32 | int64](n []T) string {
	s := make([]string, len(n))
	for i := range n {
		s[i] = fmt.Sprint(n[i])
	}
	return strings.Join(s, " or ")
}

func near(have, want int64) bool {
	d := have - want
	return max(d, -d)*100 <= want*tolerance
}

var separators = strings.NewReplacer("-", "", "_", "", " ", "")

// fold makes names of GPUs comparable: people write H100 NVL, h100-nvl and NVIDIA H100.
func fold(s string) string {
	return strings.TrimPrefix(separators.Replace(strings.ToUpper(s)), "NVIDIA")
}

func filter(in []Machine, keep func(Machine) bool) []Machine {
	var out []Machine
	for _, m := range in {
		if keep(m) {
			out = append(out, m)
		}
	}
	return out
}
