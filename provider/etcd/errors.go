package etcd

import (
	"context"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"

	"github.com/crossplane/crossplane-runtime/v2/pkg/errors"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
	"github.com/graphplane/graphplane/apis/etcd/v1alpha1"
	shared "github.com/graphplane/graphplane/provider/managed"
)

// unavailable is what to observe when etcd does not let us see a resource.
func unavailable(mg resource.Managed, err error) (managed.ExternalObservation, error) {
	reason, message := fault(err)
	return shared.Unavailable(mg, "etcd", reason, message, access.ReasonUnreachable, access.ReasonNoQuorum)
}

// explained error that says what to do and holds nothing that changes from one
// attempt to the next.
func explained(err error, doing string) error {
	if err == nil {
		return nil
	}
	_, message := fault(err)
	return errors.Errorf("%s: %s", doing, message)
}

func fault(err error) (reason, message string) {
	switch {
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return v1alpha1.ReasonPermissionDenied, "The user of the ProviderConfig may not manage users and roles: grant it the role root"
	case errors.Is(err, rpctypes.ErrRoleNotFound):
		return access.ReasonNotFound, "A role does not exist in etcd: create it or take it out of spec.forProvider.roles"
	case errors.Is(err, rpctypes.ErrNoLeader), errors.Is(err, rpctypes.ErrTimeout), errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail), errors.Is(err, rpctypes.ErrTimeoutDueToConnectionLost), errors.Is(err, rpctypes.ErrLeaderChanged):
		return access.ReasonNoQuorum, "The cluster has no quorum"
	case errors.Is(err, rpctypes.ErrNoSpace):
		return v1alpha1.ReasonNoSpace, "The cluster refuses writes: its NOSPACE alarm is raised"
	}
	if r := refusal(err); r != "" {
		return access.ReasonUnauthenticated, "The cluster refuses us: " + r
	}
	switch code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return access.ReasonUnreachable, "No member answers"
	}
	if errors.Is(err, context.Canceled) {
		return access.ReasonUnreachable, "No member answers"
	}
	var e rpctypes.EtcdError
	if errors.As(err, &e) {
		return access.ReasonInvalidConfig, "The cluster refuses the request: " + e.Error()
	}
	return access.ReasonUnavailable, "The request fails"
}

// updated is Ready after an update: what is not as the spec wants it is not.
func updated(err error, ready xpv2.Condition) xpv2.Condition {
	if err != nil {
		return shared.Condition(xpv2.TypeReady, shared.False, access.ReasonUnavailable, shared.Sentence(err.Error()))
	}
	return ready
}
