package controlplane

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// chartObjects renders Crossplane's own Helm chart, with its default values,
// except the Deployments: we start their processes ourselves. So Crossplane has
// the rights here that it has in a cluster, whatever version is pinned.
func chartObjects(dir string) ([]*unstructured.Unstructured, error) {
	values := map[string]any{}

	b, err := os.ReadFile(filepath.Join(dir, "values.yaml"))
	if err != nil {
		return nil, fmt.Errorf("cannot read chart values: %w", err)
	}

	if err := yaml.Unmarshal(b, &values); err != nil {
		return nil, fmt.Errorf("cannot parse chart values: %w", err)
	}

	t := template.New("chart")

	t, err = t.Funcs(chartFuncs(t)).ParseGlob(filepath.Join(dir, "templates", "*"))
	if err != nil {
		return nil, fmt.Errorf("cannot parse chart: %w", err)
	}

	data := map[string]any{
		"Values":  values,
		"Chart":   map[string]any{"Name": "crossplane", "Version": "0.0.1"},
		"Release": map[string]any{"Name": "crossplane", "Namespace": crossplaneNamespace, "Service": "graphplane"},
	}

	return renderChart(t, data)
}

func renderChart(t *template.Template, data any) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured

	for _, f := range t.Templates() {
		if filepath.Ext(f.Name()) != ".yaml" || strings.HasSuffix(f.Name(), "deployment.yaml") {
			continue
		}

		var rendered bytes.Buffer
		if err := f.Execute(&rendered, data); err != nil {
			return nil, fmt.Errorf("cannot render %s: %w", f.Name(), err)
		}

		objs, err := ParseObjects(rendered.Bytes())
		if err != nil {
			return nil, fmt.Errorf("cannot parse rendered %s: %w", f.Name(), err)
		}

		out = append(out, objs...)
	}

	return out, nil
}

// chartFuncs are those of Helm's template functions that the chart uses.
func chartFuncs(t *template.Template) template.FuncMap {
	indent := func(n int, s string) string {
		pad := strings.Repeat(" ", n)
		return pad + strings.ReplaceAll(s, "\n", "\n"+pad)
	}

	return template.FuncMap{
		"indent":     indent,
		"nindent":    func(n int, s string) string { return "\n" + indent(n, s) },
		"quote":      func(s any) string { return strconv.Quote(fmt.Sprint(s)) },
		"replace":    func(from, to, s string) string { return strings.ReplaceAll(s, from, to) },
		"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
		"trunc":      func(n int, s string) string { return s[:min(n, len(s))] },
		"tpl":        func(s string, _ any) string { return s },
		"default": func(d, v any) any {
			if v == nil || v == "" {
				return d
			}

			return v
		},
		"toYaml": func(v any) (string, error) {
			b, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(b), "\n"), err
		},
		"include": func(name string, data any) (string, error) {
			var b strings.Builder
			err := t.ExecuteTemplate(&b, name, data)

			return b.String(), err
		},
	}
}
