package nats

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/nats/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// Error codes of JetStream that a spec can lead to, see server/errors.json of
// nats-server.
const (
	codeNoPeers              jetstream.ErrorCode = 10005
	codeUnavailable          jetstream.ErrorCode = 10008
	codeInsufficient         jetstream.ErrorCode = 10023
	codeMaximumStreams       jetstream.ErrorCode = 10027
	codeMemoryExceeded       jetstream.ErrorCode = 10028
	codeNotEnabledForAccount jetstream.ErrorCode = 10039
	codeStorageExceeded      jetstream.ErrorCode = 10047
	codeStreamInvalid        jetstream.ErrorCode = 10052
	codeSubjectsOverlap      jetstream.ErrorCode = 10065
	codeReplicasNotSupported jetstream.ErrorCode = 10074
	codeNotEnabled           jetstream.ErrorCode = 10076
)

// A fault is a reason and a message for Ready.
type fault struct {
	reason, message string
}

// Error is the message.
func (f *fault) Error() string { return f.message }

// faultOf an error, in words that stay the same and hold no secret.
func faultOf(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return faultOfAPI(api)
	}
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return &fault{v1alpha1.ReasonJetStreamDisabled, "The account has no JetStream, or JetStream has no leader"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout), errors.Is(err, context.Canceled), errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionReconnecting):
		return &fault{access.ReasonUnreachable, "JetStream does not answer"}
	case errors.Is(err, nats.ErrPermissionViolation), errors.Is(err, nats.ErrAuthorization):
		return &fault{access.ReasonUnauthenticated, "The user of the ProviderConfig may not use JetStream's API: allow it $JS.API.>"}
	}
	return &fault{access.ReasonUnavailable, "The request fails"}
}

func faultOfAPI(err *jetstream.APIError) *fault {
	invalid := func(message string) *fault { return &fault{access.ReasonInvalidConfig, message} }
	switch err.ErrorCode {
	case codeUnavailable:
		return &fault{v1alpha1.ReasonNoMetaLeader, "JetStream has no meta leader"}
	case codeNotEnabled, codeNotEnabledForAccount:
		return &fault{v1alpha1.ReasonJetStreamDisabled, "The account has no JetStream"}
	case codeReplicasNotSupported:
		return invalid("spec.forProvider.replicas: a single server keeps one replica only: set 1 or use a cluster")
	case codeNoPeers, codeInsufficient:
		return invalid("spec.forProvider.replicas: there are too few servers with room, tags and cluster as asked: lower replicas, change placement or add servers")
	case codeMaximumStreams:
		return &fault{v1alpha1.ReasonAccountLimitReached, "The account has all the streams it may have: delete some or raise its limit"}
	case codeMemoryExceeded, codeStorageExceeded:
		return &fault{v1alpha1.ReasonAccountLimitReached, "spec.forProvider.maxBytes: the account or the servers have no room for it: lower it or raise their limit"}
	case codeSubjectsOverlap:
		return invalid("spec.forProvider.subjects: another stream stores some of them: choose others")
	}
	return invalid(fmt.Sprintf("JetStream refuses the request: %s (code %d)", err.Description, err.ErrorCode))
}

// unavailable is what to observe when NATS does not let us see a resource.
func unavailable(mg resource.Managed, err error) (managed.ExternalObservation, error) {
	f := faultOf(err)
	return shared.Unavailable(mg, "NATS", f.reason, f.message, access.ReasonUnreachable, v1alpha1.ReasonNoMetaLeader, v1alpha1.ReasonJetStreamDisabled)
}
