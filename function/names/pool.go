package names

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Limits of the names of node pools, in characters.
const (
	// maxPool is the limit of GKE, and within that of EKS and of label values.
	maxPool = 40

	// maxAKSPool is the limit of AKS, which takes lower case letters and digits only.
	maxAKSPool = 12

	poolDigest = 8
)

// Nodes is the name of the nodes of a graph's node pool: readable, and different for every namespace, graph, pool and identity.
func Nodes(namespace, graph, pool, identity string) string {
	prefix := graph + "-" + pool
	if limit := maxPool - poolDigest - 1; len(prefix) > limit {
		prefix = strings.TrimRight(prefix[:limit], "-")
	}
	return prefix + "-" + digest(namespace, graph, pool, identity)
}

// AKSPool is the name of the same nodes for AKS.
func AKSPool(namespace, graph, pool, identity string) string {
	prefix := strings.ReplaceAll(pool, "-", "")
	return prefix[:min(len(prefix), maxAKSPool-poolDigest)] + digest(namespace, graph, pool, identity)
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:poolDigest]
}
