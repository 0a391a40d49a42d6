package cloud

// azure are the sizes of Azure with GPUs. The documentation's accelerator memory is that of all GPUs in most rows, and
// that of one in some; here it is always of one. The size is Standard_ND96asr_v4, whatever price lists call it. Prices
// are from karpenter-provider-azure's pkg/providers/pricing.
func azure() table {
	return table{
		provider: AKS, region: "eastus", asOf: "2026-06-18",
		source: "https://github.com/MicrosoftDocs/azure-compute-docs/tree/main/articles/virtual-machines/sizes/gpu-accelerated",
		rows:   azureRows(),
	}
}

func azureRows() []Machine {
	return []Machine{
		{Name: "Standard_NV6ads_A10_v5", Accelerator: "A10", Fraction: 6, GPUMemoryMiB: 24 * gib, VCPU: 6, MemoryMiB: 55 * gib, Price: usd(0.454)},
		{Name: "Standard_NV12ads_A10_v5", Accelerator: "A10", Fraction: 3, GPUMemoryMiB: 24 * gib, VCPU: 12, MemoryMiB: 110 * gib, Price: usd(0.908)},
		{Name: "Standard_NV18ads_A10_v5", Accelerator: "A10", Fraction: 2, GPUMemoryMiB: 24 * gib, VCPU: 18, MemoryMiB: 220 * gib, Price: usd(1.60)},
		{Name: "Standard_NV36ads_A10_v5", Accelerator: "A10", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 36, MemoryMiB: 440 * gib, Price: usd(3.20)},
		{Name: "Standard_NV36adms_A10_v5", Accelerator: "A10", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 36, MemoryMiB: 880 * gib, Price: usd(4.52)},
		{Name: "Standard_NV72ads_A10_v5", Accelerator: "A10", GPUs: 2, GPUMemoryMiB: 24 * gib, VCPU: 72, MemoryMiB: 880 * gib, Price: usd(6.52)},
		{Name: "Standard_NC24ads_A100_v4", Accelerator: "A100", GPUs: 1, GPUMemoryMiB: 80 * gib, VCPU: 24, MemoryMiB: 220 * gib, Price: usd(3.673)},
		{Name: "Standard_NC48ads_A100_v4", Accelerator: "A100", GPUs: 2, GPUMemoryMiB: 80 * gib, VCPU: 48, MemoryMiB: 440 * gib, Price: usd(7.346)},
		{Name: "Standard_NC96ads_A100_v4", Accelerator: "A100", GPUs: 4, GPUMemoryMiB: 80 * gib, VCPU: 96, MemoryMiB: 880 * gib, Price: usd(14.692)},
		{Name: "Standard_NC40ads_H100_v5", Accelerator: "H100", Variant: "NVL", GPUs: 1, GPUMemoryMiB: 94 * gib, VCPU: 40, MemoryMiB: 320 * gib, Price: usd(6.98)},
		{Name: "Standard_NC80adis_H100_v5", Accelerator: "H100", Variant: "NVL", GPUs: 2, GPUMemoryMiB: 94 * gib, VCPU: 80, MemoryMiB: 640 * gib, Price: usd(13.96)},
		{Name: "Standard_ND96asr_v4", Accelerator: "A100", GPUs: 8, GPUMemoryMiB: 40 * gib, VCPU: 96, MemoryMiB: 900 * gib, Fabric: FabricInfiniBand, Interfaces: 8, Price: usd(27.197)},
		{Name: "Standard_ND96amsr_A100_v4", Accelerator: "A100", GPUs: 8, GPUMemoryMiB: 80 * gib, VCPU: 96, MemoryMiB: 1900 * gib, Fabric: FabricInfiniBand, Interfaces: 8, Price: usd(32.77)},
		{Name: "Standard_ND96isr_H100_v5", Accelerator: "H100", GPUs: 8, GPUMemoryMiB: 80 * gib, VCPU: 96, MemoryMiB: 1900 * gib, Fabric: FabricInfiniBand, Interfaces: 8, Price: usd(98.32)},
		{Name: "Standard_ND96isr_H200_v5", Accelerator: "H200", GPUs: 8, GPUMemoryMiB: 141 * gib, VCPU: 96, MemoryMiB: 1850 * gib, Fabric: FabricInfiniBand, Interfaces: 8, Price: usd(84.80), Region: "eastus2"},
		{Name: "Standard_ND96isr_MI300X_v5", Accelerator: "MI300X", Vendor: AMD, GPUs: 8, GPUMemoryMiB: 192 * gib, VCPU: 96, MemoryMiB: 1850 * gib, Fabric: FabricInfiniBand, Interfaces: 8, Price: usd(48.00), Region: "eastus2"},
		{Name: "Standard_ND128isr_NDR_GB200_v6", Accelerator: "GB200", GPUs: 4, GPUMemoryMiB: 192 * gib, VCPU: 128, MemoryMiB: 900 * gib, Fabric: FabricInfiniBand, Interfaces: 4, Arch: ARM64, Price: usd(108.16)},
		{Name: "Standard_ND128isr_GB300_v6", Accelerator: "GB300", GPUs: 4, GPUMemoryMiB: 288 * gib, VCPU: 128, MemoryMiB: 864 * gib, Fabric: FabricInfiniBand, Interfaces: 4, Arch: ARM64},
	}
}
