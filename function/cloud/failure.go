package cloud

import (
	"regexp"
	"strings"
)

// A Failure is what an error of a cloud means for whoever wants machines.
type Failure string

// Failures. Only no capacity is a reason to try another machine: a quota and an address space are the same for all
// machines of an account, and a permission or a reservation that does not exist is a mistake to mend.
const (
	FailureNone        Failure = ""
	FailureCapacity    Failure = "NoCapacity"
	FailureQuota       Failure = "QuotaExceeded"
	FailureAddresses   Failure = "NoAddresses"
	FailurePermission  Failure = "NotPermitted"
	FailureReservation Failure = "ReservationNotFound"
	FailureOther       Failure = "CloudError"
)

// NodeGroupCreateFailed is the code of a node group that EKS has given up when nobody says any more why.
const NodeGroupCreateFailed = "NodeGroupCreateFailed"

// A code is what a cloud writes into a message.
type code struct {
	text    string
	failure Failure
}

// codes are looked for in this order, so that what must stop comes before what may go on.
//
// AWS: https://github.com/aws/karpenter-provider-aws/blob/1d927085d/pkg/errors/errors.go
// Google: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/gce/autoscaling_gce_client.go
// Azure: https://github.com/Azure/karpenter-provider-azure/blob/352646f5/pkg/providers/instance/offerings/commonerrorhandlers.go,
// which has names of its own for AllocationFailed and the like.
func codes(p Provider) []code {
	switch p {
	case EKS:
		return []code{
			{"InvalidCapacityReservationId", FailureReservation},
			{"UnauthorizedOperation", FailurePermission},
			{"AccessDenied", FailurePermission},
			{"AuthFailure", FailurePermission},
			{"MaxSpotInstanceCountExceeded", FailureQuota},
			{"VcpuLimitExceeded", FailureQuota},
			{"MaxFleetCountExceeded", FailureQuota},
			{"InstanceLimitExceeded", FailureQuota},
			{"InsufficientFreeAddresses", FailureAddresses},
			{"InsufficientInstanceCapacity", FailureCapacity},
			{"UnfulfillableCapacity", FailureCapacity},
			{"ReservationCapacityExceeded", FailureCapacity},
			{"Unsupported:", FailureCapacity},
			// Ours. Most groups are given up for want of machines, and one that is never comes to be by waiting.
			{NodeGroupCreateFailed, FailureCapacity},
			// The autoscaler knows no more than that an Auto Scaling group did not get its instances.
			// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/auto_scaling_groups.go
			{"placeholder-cannot-be-fulfilled", FailureCapacity},
		}
	case GKE:
		return []code{
			{"PERMISSIONS_ERROR", FailurePermission},
			{"PERMISSION_DENIED", FailurePermission},
			{"QUOTA_EXCEEDED", FailureQuota},
			{"IP_SPACE_EXHAUSTED", FailureAddresses},
			{"RESERVATION_NOT_FOUND", FailureReservation},
			{"INVALID_RESERVATION", FailureReservation},
			{"RESOURCE_POOL_EXHAUSTED", FailureCapacity},
			{"INSUFFICIENT_CAPACITY", FailureCapacity},
			{"GCE_STOCKOUT", FailureCapacity},
		}
	case AKS:
		return []code{
			{"AuthorizationFailed", FailurePermission},
			{"CapacityReservationGroupNotFound", FailureReservation},
			{"SubscriptionQuotaReached", FailureQuota},
			{"QuotaExceeded", FailureQuota},
			{"InsufficientVCPUQuota", FailureQuota},
			{"SubnetIsFull", FailureAddresses},
			{"AllocationFail", FailureCapacity},
			{"OverconstrainedAllocation", FailureCapacity},
			{"OverconstrainedZonalAllocation", FailureCapacity},
			{"SKUNotAvailable", FailureCapacity},
			{"SkuNotAvailable", FailureCapacity},
			// The autoscaler knows no more than that a machine of a scale set has failed.
			// https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/azure/azure_scale_set.go
			{"provisioning-state-failed", FailureCapacity},
		}
	}
	return nil
}

// Classify says what a message of a cloud means, and by which code. A message without a known code is FailureOther.
func Classify(p Provider, message string) (Failure, string) {
	if message == "" {
		return FailureNone, ""
	}
	for _, c := range codes(p) {
		if at := strings.Index(message, c.text); at >= 0 {
			return c.failure, word(message, at)
		}
	}
	return FailureOther, ""
}

// word is the whole word of a message that a code was found in: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS.
func word(s string, at int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"
	from, to := at, at
	for from > 0 && strings.ContainsRune(letters, rune(s[from-1])) {
		from--
	}
	for to < len(s) && strings.ContainsRune(letters, rune(s[to])) {
		to++
	}
	return s[from:to]
}

// maxMessage is how much of a cloud's message is shown.
const maxMessage = 400

// moving are the parts of messages that differ each time the same thing fails.
var moving = regexp.MustCompile(`(?i)[,;]?\s*\(?"?(request[ _-]?id|correlation[ _-]?id|operation[ _-]?id|trace[ _-]?id|timestamp)"?\s*[:=]\s*"?[-\w:.]+"?\)?`)

// Sentence is a message of a cloud without what differs each time, so that a condition of it rests.
func Sentence(message string) string {
	s := strings.Join(strings.Fields(moving.ReplaceAllString(message, "")), " ")
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "..."
	}
	return s
}
