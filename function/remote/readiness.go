package remote

// readiness is how the provider tells whether an object of a kind is ready, so that kubectl get objects tells the truth.
// The function judges for itself, by package ready, what it observes.
func readiness(kind string) Readiness {
	if query, ok := queries()[kind]; ok {
		return Readiness{Policy: "DeriveFromCelQuery", CELQuery: query}
	}
	return Readiness{Policy: "SuccessfulCreate"}
}

// queries are CEL expressions over the observed object, by kind. They say what package ready says of the same object.
func queries() map[string]string {
	const (
		wanted  = `(has(object.spec.replicas) ? object.spec.replicas : 1)`
		current = `has(object.status) && has(object.status.observedGeneration) && object.status.observedGeneration >= object.metadata.generation`
		updated = `(has(object.status.updatedReplicas) ? object.status.updatedReplicas : 0) >= ` + wanted
		surplus = `(has(object.status.replicas) ? object.status.replicas : 0) <= ` + wanted
	)
	return map[string]string{
		"Deployment": current + ` && ` + updated + ` && ` + surplus +
			` && (has(object.status.availableReplicas) ? object.status.availableReplicas : 0) >= ` + wanted,
		"LeaderWorkerSet": current + ` && ` + updated + ` && ` + surplus +
			` && (has(object.status.readyReplicas) ? object.status.readyReplicas : 0) >= ` + wanted,
		"PersistentVolumeClaim": `!has(object.status) || !has(object.status.phase) || object.status.phase != "Lost"`,
		"CustomResourceDefinition": `has(object.status) && has(object.status.conditions) && ` +
			`object.status.conditions.exists(c, c.type == "Established" && c.status == "True")`,
	}
}
