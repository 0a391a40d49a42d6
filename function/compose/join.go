package compose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/lws"
)

// Ports by which the engines of a group find their leader, as the Dynamo operator sets them.
const (
	portRendezvous   = 29500
	portDataParallel = 13445
	portRay          = 6379
)

// References that the kubelet expands in commands and arguments, so that no shell is needed.
const (
	leaderAddress = "$(" + lws.LeaderAddress + ")"
	workerIndex   = "$(" + lws.WorkerIndex + ")"
)

// joined is the command line of one role of a group. Arguments stay arguments: what needs a shell is a script that gets
// them as they are.
func joined(g *graph.Group, command, args []string, role string) (newCommand, newArgs []string) {
	switch g.Join {
	case graph.JoinRay:
		return ray(command, args, role)
	case graph.JoinMPI:
		return mpi(g, command, args, role)
	case graph.JoinNone, graph.JoinSGLang, graph.JoinMultiprocessing, graph.JoinDataParallel:
	}
	if role == roleWorker && g.Join == graph.JoinDataParallel && g.LocalRanks > 1 {
		return ranked(g, command, args)
	}
	return withFlags(command, args, joinFlags(g, role))
}

// joinFlags are the flags by which engines of a group become one.
func joinFlags(g *graph.Group, role string) []string {
	nodes, rank := strconv.Itoa(int(g.Nodes)), "0"
	if role == roleWorker {
		rank = workerIndex
	}
	switch g.Join {
	case graph.JoinSGLang:
		return []string{"--dist-init-addr", fmt.Sprintf("%s:%d", leaderAddress, portRendezvous), "--nnodes", nodes, "--node-rank", rank}
	case graph.JoinMultiprocessing:
		flags := []string{
			"--distributed-executor-backend", "mp", "--nnodes", nodes, "--node-rank", rank,
			"--master-addr", leaderAddress, "--master-port", strconv.Itoa(portRendezvous),
		}
		if role == roleWorker {
			flags = append(flags, "--headless")
		}
		return flags
	case graph.JoinDataParallel:
		return append(dataParallelFlags(g), "--data-parallel-start-rank", rank)
	case graph.JoinNone, graph.JoinRay, graph.JoinMPI:
	}
	return nil
}

func dataParallelFlags(g *graph.Group) []string {
	return []string{
		"--data-parallel-hybrid-lb", "--data-parallel-size-local", strconv.Itoa(int(g.LocalRanks)),
		"--data-parallel-address", leaderAddress, "--data-parallel-rpc-port", strconv.Itoa(portDataParallel),
	}
}

// ranked is a worker with several copies of the model. Its first rank is a product, which only a shell can work out.
func ranked(g *graph.Group, command, args []string) (newCommand, newArgs []string) {
	rank := fmt.Sprintf(`"$((%d * %s))"`, g.LocalRanks, lws.WorkerIndex)
	if l, words := launch(command, args); l.Script {
		words[l.Word] = insert(words[l.Word], l.End, append(dataParallelFlags(g), "--data-parallel-start-rank", rank))
		return words[:len(command)], words[len(command):]
	}
	command, args = withFlags(command, args, dataParallelFlags(g))
	return shell(`exec "$@" --data-parallel-start-rank `+rank, slices.Concat(command, args))
}

// ray makes one Ray cluster of the pods of a group. The leader's engine waits for the GPUs of the others. A worker tries
// until the leader's Ray answers.
func ray(command, args []string, role string) (newCommand, newArgs []string) {
	if role == roleWorker {
		return []string{"/bin/sh", "-c", fmt.Sprintf(`until ray start --address="$%s:%d" --block; do sleep 5; done`, lws.LeaderAddress, portRay)}, nil
	}
	return shell(fmt.Sprintf(`ray start --head --port=%d && exec "$@"`, portRay), slices.Concat(command, args))
}

// shell runs a script, which gets words as its parameters.
func shell(script string, words []string) (command, args []string) {
	// The parameter before them is the name by which the shell reports errors.
	return []string{"/bin/sh", "-c", script, "sh"}, words
}

// withFlags gives an engine more flags: after its own, or right after its name in a script. They need no quotes there.
func withFlags(command, args, flags []string) (newCommand, newArgs []string) {
	l, words := launch(command, args)
	if l.Script {
		words[l.Word] = insert(words[l.Word], l.End, flags)
		return words[:len(command)], words[len(command):]
	}
	return command, append(slices.Clone(args), flags...)
}

// launch finds the engine in a command line, in a copy of its words.
func launch(command, args []string) (graph.Launch, []string) {
	words := slices.Concat(command, args)
	if found := graph.Launches(words); len(found) > 0 {
		return found[0], words
	}
	return graph.Launch{}, words
}

func insert(script string, at int, flags []string) string {
	return script[:at] + " " + strings.Join(flags, " ") + script[at:]
}
