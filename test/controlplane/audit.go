package controlplane

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// auditPolicy logs who wrote what, without contents. Leases and events are left out: they tell nothing of what a
// controller does to its objects.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: None
  resources:
  - group: coordination.k8s.io
  - group: ""
    resources: [events]
  - group: events.k8s.io
- level: Metadata
`

// A Write is a request by which somebody changed, or tried to change, an object.
type Write struct {
	User      string
	Verb      string
	Resource  string
	Namespace string
	Name      string
	Code      int
	Time      time.Time
}

// auditEvent is what we read of an audit.k8s.io/v1 Event.
type auditEvent struct {
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	Verb      string    `json:"verb"`
	Received  time.Time `json:"requestReceivedTimestamp"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// Writes returns every write since a time, in the order the API server saw them.
func (cl *Cluster) Writes(since time.Time) ([]Write, error) {
	f, err := os.Open(cl.auditLog())
	if err != nil {
		return nil, fmt.Errorf("cannot open the audit log: %w", err)
	}
	defer f.Close() //nolint:errcheck // Nothing was written.

	var out []Write

	for s := bufio.NewScanner(f); s.Scan(); {
		var e auditEvent
		// A last line may be half written.
		if json.Unmarshal(s.Bytes(), &e) != nil || e.Received.Before(since) {
			continue
		}

		resource := e.ObjectRef.Resource
		if e.ObjectRef.Subresource != "" {
			resource += "/" + e.ObjectRef.Subresource
		}

		out = append(out, Write{
			User: e.User.Username, Verb: e.Verb, Resource: resource, Namespace: e.ObjectRef.Namespace,
			Name: e.ObjectRef.Name, Code: e.ResponseStatus.Code, Time: e.Received,
		})
	}

	return out, nil
}

func (cl *Cluster) auditLog() string {
	return filepath.Join(cl.Dir, "audit.log")
}

// auditArgs are the arguments by which the API server logs writes.
func (cl *Cluster) auditArgs() ([]string, error) {
	policy := filepath.Join(cl.Dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, fmt.Errorf("cannot write the audit policy: %w", err)
	}

	return []string{"--audit-policy-file=" + policy, "--audit-log-path=" + cl.auditLog(), "--audit-log-maxsize=1024"}, nil
}
