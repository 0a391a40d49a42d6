package managed

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	access "github.com/graphplane/graphplane/apis/access/v1alpha1"
)

// Statuses of a condition.
const (
	True    = corev1.ConditionTrue
	False   = corev1.ConditionFalse
	Unknown = corev1.ConditionUnknown
)

// expirySpan before its end in which a certificate counts as expiring.
const expirySpan = 7 * 24 * time.Hour

// Condition of a type.
func Condition(t xpv2.ConditionType, s corev1.ConditionStatus, reason, message string) xpv2.Condition {
	return xpv2.Condition{Type: t, Status: s, LastTransitionTime: metav1.Now(), Reason: xpv2.ConditionReason(reason), Message: message}
}

// Expiring is a check of a certificate's end. A zero end never comes.
func Expiring(what string, end, now time.Time) (reason, message string, failed bool) {
	if end.IsZero() || end.Sub(now) > expirySpan {
		return "", "", false
	}
	return access.ReasonCertificateExpiring, what + " expires at " + end.UTC().Format(time.RFC3339) + ": renew it", true
}

// EarlierTime of two, of which either may be zero; nil without one.
func EarlierTime(a, b time.Time) *metav1.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		a = b
	}
	if a.IsZero() {
		return nil
	}
	// The API server keeps seconds: anything finer would look like a change.
	t := metav1.NewTime(a.UTC().Truncate(time.Second))
	return &t
}

// CompareVersions such as 3.5 and 3.6.12-rc.1 by their numbers. What is missing
// counts as zero; what follows a dash does not count.
func CompareVersions(a, b string) int {
	as, bs := numbers(a), numbers(b)
	for i := range as {
		if as[i] != bs[i] {
			if as[i] < bs[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

func numbers(v string) [3]int {
	out := [3]int{}
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "v"), "-")
	for i, p := range strings.SplitN(v, ".", 3) {
		out[i], _ = strconv.Atoi(p)
	}
	return out
}

// Sentence for a condition's message: a capital first.
func Sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
