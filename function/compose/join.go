package compose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/graphplane/graphplane/function/graph"
)

// Ports by which the engines of a group find their leader, as the Dynamo operator sets them.
const (
	portRendezvous   = 29500
	portDataParallel = 13445
	portRay          = 6379
)

// joined is the command line of one role of a group. Arguments stay arguments: what needs a shell is a script that gets
// them as they are.
func joined(g *graph.Group, command, args []string, role string) (newCommand, newArgs []string) {
	switch g.Join {
	case graph.JoinRay:
		return ray(g, command, args, role)
	case graph.JoinMPI:
		return mpi(g, command, args, role)
	case graph.JoinNone, graph.JoinSGLang, graph.JoinMultiprocessing, graph.JoinDataParallel:
	}
	rank := "0"
	if role == roleWorker {
		var sum string
		if rank, sum = peersOf(g).rank(g); sum != "" {
			return workedOut(g, sum, command, args)
		}
	}
	return withFlags(command, args, joinFlags(g, role, rank))
}

// joinFlags are the flags by which engines of a group become one. A rank that only a shell can work out is not among them.
func joinFlags(g *graph.Group, role, rank string) []string {
	switch p := peersOf(g); g.Join {
	case graph.JoinSGLang:
		flags := []string{"--dist-init-addr", fmt.Sprintf("%s:%d", p.leader, portRendezvous), "--nnodes", strconv.Itoa(int(g.Nodes))}
		return append(flags, ranked(g, rank)...)
	case graph.JoinMultiprocessing:
		flags := []string{"--distributed-executor-backend", "mp", "--nnodes", strconv.Itoa(int(g.Nodes))}
		flags = append(flags, ranked(g, rank)...)
		flags = append(flags, "--master-addr", p.leader, "--master-port", strconv.Itoa(portRendezvous))
		if role == roleWorker {
			flags = append(flags, "--headless")
		}
		return flags
	case graph.JoinDataParallel:
		flags := []string{
			"--data-parallel-hybrid-lb", "--data-parallel-size-local", strconv.Itoa(int(g.LocalRanks)),
			"--data-parallel-address", p.leader, "--data-parallel-rpc-port", strconv.Itoa(portDataParallel),
		}
		return append(flags, ranked(g, rank)...)
	case graph.JoinNone, graph.JoinRay, graph.JoinMPI:
	}
	return nil
}

// ranked is the flag that tells an engine its rank, nothing for a rank that is not known.
func ranked(g *graph.Group, rank string) []string {
	if rank == "" {
		return nil
	}
	if g.Join == graph.JoinDataParallel {
		return []string{"--data-parallel-start-rank", rank}
	}
	return []string{"--node-rank", rank}
}

// workedOut runs the engine of a worker whose rank is a sum or a product, which only a shell can work out.
func workedOut(g *graph.Group, sum string, command, args []string) (newCommand, newArgs []string) {
	flags := joinFlags(g, roleWorker, "")
	rank := ranked(g, `"$((`+sum+`))"`)
	if l, words := launch(command, args); l.Script {
		words[l.Word] = insert(words[l.Word], l.End, append(flags, rank...))
		return words[:len(command)], words[len(command):]
	}
	command, args = withFlags(command, args, flags)
	return shell(`exec "$@" `+strings.Join(rank, " "), slices.Concat(command, args))
}

// ray makes one Ray cluster of the pods of a group. The leader's engine waits for the GPUs of the others. A worker tries
// until the leader's Ray answers.
func ray(g *graph.Group, command, args []string, role string) (newCommand, newArgs []string) {
	if role == roleWorker {
		return []string{"/bin/sh", "-c", fmt.Sprintf(`until ray start --address="%s:%d" --block; do sleep 5; done`, peersOf(g).shellLeader, portRay)}, nil
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
