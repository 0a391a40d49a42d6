package remote

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/graphplane/graphplane/function/wire"
)

// needed adds the names of the Secrets that a manifest refers to, wherever a pod template or a route holds a reference.
// What is optional is left to whoever runs the cluster: a copy of what is not there would never be ready.
func needed(s *structpb.Struct, names map[string]bool) {
	for key, v := range s.GetFields() {
		o, l := v.GetStructValue(), v.GetListValue().GetValues()
		switch {
		case (key == "secretKeyRef" || key == "secretRef" || key == "secret") && o != nil:
			if !wire.Get(o, "optional").GetBoolValue() {
				add(names, wire.String(o, "name"), wire.String(o, "secretName"))
			}
		case key == "imagePullSecrets":
			for _, e := range l {
				add(names, wire.String(e.GetStructValue(), "name"))
			}
		case key == "tls":
			for _, e := range l {
				add(names, wire.String(e.GetStructValue(), "secretName"))
			}
		case o != nil:
			needed(o, names)
		default:
			for _, e := range l {
				needed(e.GetStructValue(), names)
			}
		}
	}
}

func add(to map[string]bool, names ...string) {
	for _, n := range names {
		if n != "" {
			to[n] = true
		}
	}
}
