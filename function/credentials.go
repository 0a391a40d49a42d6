package function

import (
	"cmp"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/compose"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/wire"
)

// credentials mark the pods of every workload with until when the graph's NATS user is valid, so that they roll when it is
// renewed: the servers end a connection whose JWT has expired, and the runtime reads its credentials file only when it
// starts. While nobody knows, a workload keeps the mark it has.
func credentials(g *graph.Graph, items []*item) {
	if g.NATS == nil || !g.NATS.Isolate {
		return
	}
	expires := ""
	for _, i := range items {
		if i.Name == compose.UserResource(graph.NATS) {
			expires = wire.String(i.observed, "status", "atProvider", "expires")
		}
	}
	for _, p := range parts(items) {
		p.setMark(v1alpha1.AnnotationCredentials, cmp.Or(expires, p.mark(v1alpha1.AnnotationCredentials)))
	}
}
