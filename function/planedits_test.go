package function_test

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

func convert(o *unstructured.Unstructured, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into)
}

// edits of graphs, in the order of their names, each of the graph as it was first. They report whether they could be made.
func edits() map[string]func(o map[string]any) bool {
	return map[string]func(o map[string]any) bool{
		"01-env":          func(o map[string]any) bool { return set(o, env("A", "1", "B", "2"), "spec", "env") },
		"02-env-value":    func(o map[string]any) bool { return set(o, env("A", "1", "B", "3"), "spec", "env") },
		"03-env-order":    func(o map[string]any) bool { return set(o, env("B", "3", "A", "1"), "spec", "env") },
		"04-env-fewer":    func(o map[string]any) bool { return set(o, env("A", "1"), "spec", "env") },
		"05-env-none":     func(map[string]any) bool { return true },
		"06-no-policy":    func(o map[string]any) bool { return set(o, "None", "spec", "networkPolicy") },
		"07-policy":       func(map[string]any) bool { return true },
		"08-image":        main(map[string]any{"name": "main", "image": "registry.example.com/runtime:2"}),
		"09-ports":        main(map[string]any{"name": "main", "ports": []any{map[string]any{"name": "debug", "containerPort": int64(5005)}}}),
		"10-probe":        main(map[string]any{"name": "main", "livenessProbe": map[string]any{"tcpSocket": map[string]any{"port": int64(8000)}, "periodSeconds": int64(7)}}),
		"11-requests":     main(map[string]any{"name": "main", "resources": map[string]any{"requests": map[string]any{"cpu": "1000m", "memory": "1024Mi"}}}),
		"12-pod":          pod(map[string]any{"priorityClassName": "high", "tolerations": []any{map[string]any{"key": "a", "operator": "Exists"}}, "nodeSelector": map[string]any{"a": "b"}}),
		"13-pod-fewer":    pod(map[string]any{"tolerations": []any{map[string]any{"key": "a", "operator": "Exists", "effect": "NoSchedule"}}, "nodeSelector": map[string]any{"c": "d"}}),
		"14-volume":       pod(map[string]any{"volumes": []any{map[string]any{"name": "v", "projected": map[string]any{"sources": []any{map[string]any{"downwardAPI": map[string]any{"items": []any{map[string]any{"path": "p", "fieldRef": map[string]any{"fieldPath": "metadata.name"}}}}}, map[string]any{"serviceAccountToken": map[string]any{"path": "t"}}}}}}}),
		"15-spread":       pod(map[string]any{"topologySpreadConstraints": []any{map[string]any{"maxSkew": int64(1), "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}}}),
		"16-sidecar":      pod(map[string]any{"containers": []any{map[string]any{"name": "side", "image": "side:1"}}, "initContainers": []any{map[string]any{"name": "init", "image": "init:1"}}}),
		"17-sidecar-gone": func(map[string]any) bool { return true },
		"18-minAvailable": each(func(c map[string]any) bool { c["minAvailable"] = int64(1); return c["scaling"] == nil }),
		"19-replicas":     each(func(c map[string]any) bool { c["replicas"] = int64(3); return c["scaling"] == nil }),
		"20-strategy": each(func(c map[string]any) bool {
			c["strategy"] = map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": int64(0), "maxUnavailable": int64(1)}}
			return c["nodeCount"] == nil
		}),
		"21-strategy-gone": func(map[string]any) bool { return true },
		"22-labels": each(func(c map[string]any) bool {
			return set(c, map[string]any{"a/b": "c"}, "podTemplate", "metadata", "labels")
		}),
		"23-shared-memory": each(func(c map[string]any) bool { c["sharedMemory"] = "0"; return true }),
		"24-recreate": each(func(c map[string]any) bool {
			c["strategy"] = map[string]any{"type": "Recreate"}
			return c["nodeCount"] == nil
		}),
		"25-roll-again": func(map[string]any) bool { return true },
	}
}

func env(pairs ...string) []any {
	var out []any
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, map[string]any{"name": pairs[i], "value": pairs[i+1]})
	}
	return out
}

func set(o map[string]any, v any, path ...string) bool {
	return unstructured.SetNestedField(o, v, path...) == nil
}

// each component is edited. One that cannot be edited so stays as it is.
func each(edit func(c map[string]any) bool) func(o map[string]any) bool {
	return func(o map[string]any) bool {
		components, _, _ := unstructured.NestedSlice(o, "spec", "components")
		for i := range components {
			c, _ := components[i].(map[string]any)
			trial := runtime.DeepCopyJSON(c)
			if edit(trial) {
				components[i] = trial
			}
		}
		return set(o, components, "spec", "components")
	}
}

// pod edits the pod template of components that have none.
func pod(spec map[string]any) func(o map[string]any) bool {
	return each(func(c map[string]any) bool {
		return c["podTemplate"] == nil && set(c, runtime.DeepCopyJSON(spec), "podTemplate", "spec")
	})
}

func main(container map[string]any) func(o map[string]any) bool {
	return pod(map[string]any{"containers": []any{container}})
}
