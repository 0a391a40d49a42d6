package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Flags are the arguments of an engine.
type Flags []string

// Spellings of the parallel sizes, as vLLM, SGLang and TensorRT-LLM take them. The first is the one for messages.
var (
	tensorParallel   = []string{"--tensor-parallel-size", "--tp-size", "--tp", "-tp"}
	pipelineParallel = []string{"--pipeline-parallel-size", "--pp-size", "--pp", "-pp"}
	dataParallel     = []string{"--data-parallel-size", "--dp-size", "--dp", "-dp"}
)

// sizesElsewhere are flags whose value may hold the parallel sizes: a file, or JSON in the engine's own terms.
var sizesElsewhere = []string{"--config", "--extra-engine-args", "--override-engine-args"}

// Value returns the value of a flag by any of its names, as "--flag value" or "--flag=value", and whether it is there.
// Engines take the last one, and underscores for hyphens.
func (f Flags) Value(names ...string) (string, bool) {
	value, found := "", false
	for i, word := range f {
		name, v, assigned := strings.Cut(word, "=")
		if !named(name, names) {
			continue
		}
		found = true
		if !assigned && i+1 < len(f) {
			v = f[i+1]
		}
		value = v
	}
	return value, found
}

// Has reports whether a flag is there by any of its names.
func (f Flags) Has(names ...string) bool {
	_, ok := f.Value(names...)
	return ok
}

func named(word string, names []string) bool {
	if !strings.HasPrefix(word, "-") {
		return false
	}
	return slices.Contains(names, strings.ReplaceAll(word, "_", "-"))
}

// sizes are the parallel sizes of an engine, 1 where its flags do not say.
type sizes struct {
	tensor, pipeline, data int32
}

// sizes reads the parallel sizes. It fails for one that is not a positive number.
func (f Flags) sizes() (sizes, error) {
	s := sizes{tensor: 1, pipeline: 1, data: 1}
	for _, p := range []struct {
		names []string
		size  *int32
	}{{tensorParallel, &s.tensor}, {pipelineParallel, &s.pipeline}, {dataParallel, &s.data}} {
		v, ok := f.Value(p.names...)
		if !ok {
			continue
		}
		// The largest sizes in use are three digits long. A bound keeps products of three inside 64 bits.
		n, err := strconv.ParseInt(v, 10, 20)
		if err != nil || n < 1 {
			return s, fmt.Errorf("%s is %q: write a number, so that it can be checked against nodeCount and gpus", p.names[0], v)
		}
		*p.size = int32(n)
	}
	return s, nil
}

// model is the number of GPUs that hold one copy of the model.
func (s sizes) model() int64 {
	return int64(s.tensor) * int64(s.pipeline)
}
