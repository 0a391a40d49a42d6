package compose

import (
	"fmt"
	"strings"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/grove"
	"github.com/graphplane/graphplane/function/lws"
	"github.com/graphplane/graphplane/function/names"
)

// peers are how a pod of a group finds the others.
type peers struct {
	// leader is the address of the leader, with references that the kubelet expands in commands and arguments, so that no
	// shell is needed. shellLeader is the same for a shell.
	leader, shellLeader string

	// index is the variable with the index of a worker, which begins with first.
	index string
	first int
}

func peersOf(g *graph.Group) peers {
	if g.Clique == "" {
		return peers{leader: "$(" + lws.LeaderAddress + ")", shellLeader: "$" + lws.LeaderAddress, index: lws.WorkerIndex, first: 1}
	}
	leader := groveHost(names.LeaderClique(g.Clique), 0)
	return peers{leader: leader, shellLeader: strings.NewReplacer("$(", "$", ")", "").Replace(leader), index: grove.PodIndex, first: 0}
}

// groveHost is the address of a pod of a clique of the same replica, by its index.
func groveHost(clique string, index int32) string {
	return fmt.Sprintf("$(%s)-$(%s)-%s-%d.$(%s)", grove.GroupName, grove.GroupIndex, clique, index, grove.HeadlessService)
}

// rank of the first process of a worker, as a reference that the kubelet expands, or as a sum that a shell works out.
// Workers come after the leader, which has as many processes as each of them.
func (p peers) rank(g *graph.Group) (reference, sum string) {
	each := 1
	if g.Join == graph.JoinDataParallel {
		each = int(g.LocalRanks)
	}
	product := p.index
	if each > 1 {
		product = fmt.Sprintf("%d * %s", each, p.index)
	}
	switch {
	case p.first == 0:
		return "", fmt.Sprintf("%s + %d", product, each)
	case each > 1:
		return "", product
	}
	return "$(" + p.index + ")", ""
}
