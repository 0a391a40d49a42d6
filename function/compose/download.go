package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/graph"
	"github.com/graphplane/graphplane/function/names"
	"github.com/graphplane/graphplane/function/ready"
)

// downloadRetries is how often a download is tried again, each time after a longer wait. What is already there is kept.
const downloadRetries = 10

// downloadScript needs no more of huggingface_hub than every version has. A file that is there is not loaded again.
const downloadScript = `import os, huggingface_hub
huggingface_hub.snapshot_download(os.environ["MODEL_NAME"], revision=os.environ.get("MODEL_REVISION"))
`

// Download fills the model's cache, nil where nobody asks for it. A Job cannot change, so another download is another
// resource, which takes the place of the one before it.
func Download(g *graph.Graph) []Resource {
	if g.Model == nil || g.Model.Download == "" {
		return nil
	}
	spec := batchv1.JobSpec{
		BackoffLimit: new(int32(downloadRetries)),
		Template:     downloadPod(g),
	}
	key := digest(spec)
	return []Resource{{
		Name: "job.model-" + key,
		Object: &batchv1.Job{
			TypeMeta:   typeMeta(batchv1.SchemeGroupVersion.String(), "Job"),
			ObjectMeta: objectMeta(g, names.Download(g.Name, key)),
			Spec:       spec,
		},
		Ready: ready.Job,
	}}
}

// downloadPod runs where the first worker does: a volume may be made where its first pod is, and must be one that the
// worker reaches.
func downloadPod(g *graph.Graph) corev1.PodTemplateSpec {
	main := corev1.Container{
		Name: v1alpha1.MainContainer, Image: g.Model.Download,
		Command: []string{"python3", "-c", downloadScript},
		Env:     mergeEnv(platformEnv(g), g.Env, modelEnv(g), []corev1.EnvVar{variable("MODEL_NAME", g.Model.Name)}),
		VolumeMounts: []corev1.VolumeMount{{
			Name: g.Model.Cache.Volume, MountPath: g.Model.Cache.Path,
		}},
	}
	if g.Model.Revision != "" {
		main.Env = append(main.Env, variable("MODEL_REVISION", g.Model.Revision))
	}
	harden(&main)
	t := corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		RestartPolicy:                corev1.RestartPolicyOnFailure,
		ServiceAccountName:           names.ServiceAccount(g.Name),
		AutomountServiceAccountToken: new(false),
		SecurityContext:              &corev1.PodSecurityContext{FSGroup: new(int64(fsGroup))},
		Containers:                   []corev1.Container{main},
		Volumes:                      []corev1.Volume{mountVolume(*g.Model.Cache)},
	}}
	t.Labels = names.Graph(g.Name)
	for _, n := range g.Cluster.Defaults.ImagePullSecrets {
		t.Spec.ImagePullSecrets = append(t.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: n})
	}
	for i := range g.Components {
		if c := &g.Components[i]; c.Worker() {
			worker := PodTemplate(g, c).Spec
			t.Spec.NodeSelector, t.Spec.Tolerations = worker.NodeSelector, worker.Tolerations
			if worker.Affinity != nil && worker.Affinity.NodeAffinity != nil {
				t.Spec.Affinity = &corev1.Affinity{NodeAffinity: worker.Affinity.NodeAffinity}
			}
			break
		}
	}
	confine(&t.Spec)
	return t
}

// digest is eight hexadecimal digits of what a spec says.
func digest(spec any) string {
	b, err := json.Marshal(spec)
	if err != nil {
		panic(err) // Types of Kubernetes can be marshalled.
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:4])
}
