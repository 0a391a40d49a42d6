package simulator

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// statusInterval is how often an autoscaler writes its status though nothing of it is new.
const statusInterval = 10 * time.Second

// The status of the cluster autoscaler, as far as it is about scaling up.
// https://github.com/kubernetes/autoscaler/blob/d610672804edab46a4931a26a9d11435cd698787/cluster-autoscaler/clusterstate/api/types.go
type (
	autoscalerStatus struct {
		Time             string        `json:"time"`
		AutoscalerStatus string        `json:"autoscalerStatus"`
		NodeGroups       []groupStatus `json:"nodeGroups"`
	}

	groupStatus struct {
		Name    string        `json:"name"`
		Health  groupHealth   `json:"health"`
		ScaleUp scaleUpStatus `json:"scaleUp"`
	}

	groupHealth struct {
		Status              string `json:"status"`
		CloudProviderTarget int    `json:"cloudProviderTarget"`
		MinSize             int    `json:"minSize"`
		MaxSize             int    `json:"maxSize"`
	}

	scaleUpStatus struct {
		Status      string  `json:"status"`
		BackoffInfo backoff `json:"backoffInfo"`
	}
)

// A backoff of a pool that had no machines.
type backoff struct {
	until time.Time

	ErrorCode    string `json:"errorCode,omitempty"`
	ErrorMessage string `json:"errorMessage,omitempty"`
}

// because of what a cloud says of a pool.
func (b backoff) because(p *pool) backoff {
	b.ErrorCode, b.ErrorMessage = p.api.autoscalerError(p.problem)

	return b
}

// status of pools, but for the time.
func (a *autoscaler) status(pools []*pool, now time.Time) autoscalerStatus {
	out := autoscalerStatus{AutoscalerStatus: "Running", NodeGroups: []groupStatus{}}

	for _, p := range pools {
		g := groupStatus{
			Name:    p.api.scalingGroup(p),
			Health:  groupHealth{Status: "Healthy", CloudProviderTarget: p.size.desired, MinSize: p.size.min, MaxSize: p.size.max},
			ScaleUp: scaleUpStatus{Status: "NoActivity"},
		}

		switch b := a.backoff[p.id]; {
		case now.Before(b.until):
			g.ScaleUp = scaleUpStatus{Status: "Backoff", BackoffInfo: b}
		case p.size.desired > p.count(running):
			g.ScaleUp.Status = "InProgress"
		}

		out.NodeGroups = append(out.NodeGroups, g)
	}

	return out
}

// report the status in a ConfigMap, when it is new, and now and then.
func (a *autoscaler) report(ctx context.Context, s autoscalerStatus, now time.Time) error {
	b, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Errorf("cannot write status: %w", err)
	}

	if string(b) == a.reported && now.Sub(a.reportedAt) < statusInterval {
		return nil
	}

	a.reported, a.reportedAt = string(b), now

	s.Time = now.UTC().String()
	if b, err = yaml.Marshal(s); err != nil {
		return fmt.Errorf("cannot write status: %w", err)
	}

	maps := a.cluster.CoreV1().ConfigMaps(metav1.NamespaceSystem)
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "cluster-autoscaler-status", Namespace: metav1.NamespaceSystem},
		Data:       map[string]string{"status": string(b)},
	}

	_, err = maps.Update(ctx, cm, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = maps.Create(ctx, cm, metav1.CreateOptions{})
	}

	if err != nil {
		return fmt.Errorf("cannot report status: %w", err)
	}

	return nil
}
