package compose

import (
	"slices"

	etcdv1alpha1 "github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	natsv1alpha1 "github.com/graphplane/graphplane/apis/nats/v1alpha1"
	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
)

// buckets are where the runtime keeps its keys in etcd, each followed by the Dynamo namespace:
// https://github.com/ai-dynamo/dynamo/blob/main/lib/runtime/src/discovery/kv_store.rs
func buckets() []string {
	return []string{"v1/instances/", "v1/mdc/", "v1/event_channels/", "v1/event_sources/"}
}

// keys are the rights of an isolated graph in etcd.
func keys(g *graph.Graph, b *graph.Backing) []etcdv1alpha1.Permission {
	var out []etcdv1alpha1.Permission
	for _, bucket := range buckets() {
		out = append(out, etcdv1alpha1.Permission{Type: etcdv1alpha1.PermissionReadWrite, Prefix: new(bucket + g.DynamoNamespace + "/")})
		if b.SharedReads {
			out = append(out, etcdv1alpha1.Permission{Type: etcdv1alpha1.PermissionRead, Prefix: new(bucket)})
		}
	}
	return out
}

// members are the names of the runtime's own components that take requests by NATS.
func members() []string {
	return []string{"backend", "prefill", "kv-router", "router"}
}

// subjects are the rights of an isolated graph in NATS. They are few, because a JWT with many is longer than the line by which
// servers let a client sign in.
//
// Processes of a graph talk on subjects of their Dynamo namespace, each component on <namespace>_<component>:
// https://github.com/ai-dynamo/dynamo/blob/main/lib/runtime/src/transports/event_plane/mod.rs
//
// Two things are not given. Nobody may answer whatever asks, since who asks names the subject of the answer, and may be the
// one who answers. Nobody may create or change a stream, since a stream may copy any other and take any subject. A stream and
// a bucket that the platform makes may be used; it thereby lets the graph have what it stored there sent to any subject.
func subjects(g *graph.Graph, b *graph.Backing) natsv1alpha1.Permissions {
	own := []string{"namespace." + g.DynamoNamespace + ".>"}
	inbox := "_INBOX." + g.DynamoNamespace + ".>"
	if b.SharedReads {
		inbox = "_INBOX.>"
	}
	var answers []string
	if g.RequestPlane == v1alpha1.RequestPlaneNATS {
		for _, m := range members() {
			own = append(own, g.DynamoNamespace+"_"+m+".>")
		}
		answers = []string{inbox}
	}
	return natsv1alpha1.Permissions{
		Publish:   natsv1alpha1.Subjects{Allow: slices.Concat(own, answers, []string{"$JS.API.INFO"}, stored(g))},
		Subscribe: natsv1alpha1.Subjects{Allow: append(slices.Clone(own), inbox)},
	}
}

// stored are the subjects by which the stream and the bucket of KV cache events are used, without those by which they are
// made:
// https://docs.nats.io/reference/reference-protocols/nats_api_reference
func stored(g *graph.Graph) []string {
	component := "namespace-" + g.DynamoNamespace + "-component-backend-"
	stream, bucket := component+"kv-events", component+"radix-bucket"
	return []string{
		stream + ".*",
		"$JS.API.STREAM.INFO." + stream,
		"$JS.API.CONSUMER.*." + stream + ".>",
		"$JS.API.CONSUMER.MSG.NEXT." + stream + ".*",
		"$JS.ACK." + stream + ".>",
		"$O." + bucket + ".>",
		"$JS.API.STREAM.INFO.OBJ_" + bucket,
		"$JS.API.STREAM.MSG.GET.OBJ_" + bucket,
		"$JS.API.DIRECT.GET.OBJ_" + bucket + ".>",
		"$JS.API.CONSUMER.*.OBJ_" + bucket + ".>",
	}
}
