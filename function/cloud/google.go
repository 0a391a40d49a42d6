package cloud

// google are the machines of Compute Engine with NVIDIA GPUs. Names of GPUs are GKE's: the cluster toolkit calls that of
// a2-ultragpu nvidia-tesla-a100, which is the smaller one. GPU memory is from gpuhunt's constraints.py, fabrics are from
// https://cloud.google.com/compute/docs/gpus/gpu-network-bandwidth, prices from the cluster autoscaler's
// cloudprovider/gce/gce_price_info.go, which has none for A3, A4 and G4.
func google() table {
	return table{
		provider: GKE, region: "us-central1", asOf: "2026-09-01",
		source: "https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator/blob/dac3128/tools/machinetypes.csv",
		rows:   googleRows(),
	}
}

func googleRows() []Machine {
	return []Machine{
		{Name: "g2-standard-4", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 4, MemoryMiB: 16 * gib, Price: usd(0.76), SpotPrice: usd(0.23)},
		{Name: "g2-standard-8", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 8, MemoryMiB: 32 * gib, Price: usd(0.91), SpotPrice: usd(0.27)},
		{Name: "g2-standard-12", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 12, MemoryMiB: 48 * gib, Price: usd(1.06), SpotPrice: usd(0.32)},
		{Name: "g2-standard-16", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 16, MemoryMiB: 64 * gib, Price: usd(1.20), SpotPrice: usd(0.36)},
		{Name: "g2-standard-24", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 2, GPUMemoryMiB: 24 * gib, VCPU: 24, MemoryMiB: 96 * gib, Price: usd(2.11), SpotPrice: usd(0.63)},
		{Name: "g2-standard-32", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 1, GPUMemoryMiB: 24 * gib, VCPU: 32, MemoryMiB: 128 * gib, Price: usd(1.79), SpotPrice: usd(0.54)},
		{Name: "g2-standard-48", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 4, GPUMemoryMiB: 24 * gib, VCPU: 48, MemoryMiB: 192 * gib, Price: usd(4.23), SpotPrice: usd(1.27)},
		{Name: "g2-standard-96", Accelerator: "L4", CloudAccelerator: "nvidia-l4", GPUs: 8, GPUMemoryMiB: 24 * gib, VCPU: 96, MemoryMiB: 384 * gib, Price: usd(8.46), SpotPrice: usd(2.54)},
		{Name: "g4-standard-6", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", Fraction: 8, GPUMemoryMiB: 96 * gib, VCPU: 6, MemoryMiB: 22 * gib},
		{Name: "g4-standard-12", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", Fraction: 4, GPUMemoryMiB: 96 * gib, VCPU: 12, MemoryMiB: 45 * gib},
		{Name: "g4-standard-24", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", Fraction: 2, GPUMemoryMiB: 96 * gib, VCPU: 24, MemoryMiB: 90 * gib},
		{Name: "g4-standard-48", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", GPUs: 1, GPUMemoryMiB: 96 * gib, VCPU: 48, MemoryMiB: 180 * gib},
		{Name: "g4-standard-96", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", GPUs: 2, GPUMemoryMiB: 96 * gib, VCPU: 96, MemoryMiB: 360 * gib},
		{Name: "g4-standard-192", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", GPUs: 4, GPUMemoryMiB: 96 * gib, VCPU: 192, MemoryMiB: 720 * gib},
		{Name: "g4-standard-384", Accelerator: "RTX-PRO-6000", CloudAccelerator: "nvidia-rtx-pro-6000", GPUs: 8, GPUMemoryMiB: 96 * gib, VCPU: 384, MemoryMiB: 1440 * gib},
		{Name: "a2-highgpu-1g", Accelerator: "A100", CloudAccelerator: "nvidia-tesla-a100", GPUs: 1, GPUMemoryMiB: 40 * gib, VCPU: 12, MemoryMiB: 85 * gib, Price: usd(3.673385), SpotPrice: usd(1.102016)},
		{Name: "a2-highgpu-2g", Accelerator: "A100", CloudAccelerator: "nvidia-tesla-a100", GPUs: 2, GPUMemoryMiB: 40 * gib, VCPU: 24, MemoryMiB: 170 * gib, Price: usd(7.34677), SpotPrice: usd(2.204031)},
		{Name: "a2-highgpu-4g", Accelerator: "A100", CloudAccelerator: "nvidia-tesla-a100", GPUs: 4, GPUMemoryMiB: 40 * gib, VCPU: 48, MemoryMiB: 340 * gib, Price: usd(14.69354), SpotPrice: usd(4.408062)},
		{Name: "a2-highgpu-8g", Accelerator: "A100", CloudAccelerator: "nvidia-tesla-a100", GPUs: 8, GPUMemoryMiB: 40 * gib, VCPU: 96, MemoryMiB: 680 * gib, Price: usd(29.38708), SpotPrice: usd(8.816124)},
		{Name: "a2-megagpu-16g", Accelerator: "A100", CloudAccelerator: "nvidia-tesla-a100", GPUs: 16, GPUMemoryMiB: 40 * gib, VCPU: 96, MemoryMiB: 1360 * gib, Price: usd(55.739504), SpotPrice: usd(16.721851)},
		{Name: "a2-ultragpu-1g", Accelerator: "A100", CloudAccelerator: "nvidia-a100-80gb", GPUs: 1, GPUMemoryMiB: 80 * gib, VCPU: 12, MemoryMiB: 170 * gib, Price: usd(5.0688), SpotPrice: usd(1.6)},
		{Name: "a2-ultragpu-2g", Accelerator: "A100", CloudAccelerator: "nvidia-a100-80gb", GPUs: 2, GPUMemoryMiB: 80 * gib, VCPU: 24, MemoryMiB: 340 * gib, Price: usd(10.1376), SpotPrice: usd(3.2)},
		{Name: "a2-ultragpu-4g", Accelerator: "A100", CloudAccelerator: "nvidia-a100-80gb", GPUs: 4, GPUMemoryMiB: 80 * gib, VCPU: 48, MemoryMiB: 680 * gib, Price: usd(20.2752), SpotPrice: usd(6.4)},
		{Name: "a2-ultragpu-8g", Accelerator: "A100", CloudAccelerator: "nvidia-a100-80gb", GPUs: 8, GPUMemoryMiB: 80 * gib, VCPU: 96, MemoryMiB: 1360 * gib, Price: usd(40.5504), SpotPrice: usd(12.8)},
		{Name: "a3-highgpu-1g", Accelerator: "H100", CloudAccelerator: "nvidia-h100-80gb", GPUs: 1, GPUMemoryMiB: 80 * gib, VCPU: 26, MemoryMiB: 234 * gib},
		{Name: "a3-highgpu-2g", Accelerator: "H100", CloudAccelerator: "nvidia-h100-80gb", GPUs: 2, GPUMemoryMiB: 80 * gib, VCPU: 52, MemoryMiB: 468 * gib},
		{Name: "a3-highgpu-4g", Accelerator: "H100", CloudAccelerator: "nvidia-h100-80gb", GPUs: 4, GPUMemoryMiB: 80 * gib, VCPU: 104, MemoryMiB: 936 * gib},
		{Name: "a3-highgpu-8g", Accelerator: "H100", CloudAccelerator: "nvidia-h100-80gb", GPUs: 8, GPUMemoryMiB: 80 * gib, VCPU: 208, MemoryMiB: 1872 * gib, Fabric: FabricTCPX, Interfaces: 4},
		{Name: "a3-megagpu-8g", Accelerator: "H100", CloudAccelerator: "nvidia-h100-mega-80gb", GPUs: 8, GPUMemoryMiB: 80 * gib, VCPU: 208, MemoryMiB: 1872 * gib, Fabric: FabricTCPXO, Interfaces: 8},
		{Name: "a3-edgegpu-8g", Accelerator: "H100", CloudAccelerator: "nvidia-h100-80gb", GPUs: 8, GPUMemoryMiB: 80 * gib, VCPU: 208, MemoryMiB: 1872 * gib},
		{Name: "a3-ultragpu-8g", Accelerator: "H200", CloudAccelerator: "nvidia-h200-141gb", GPUs: 8, GPUMemoryMiB: 141 * gib, VCPU: 224, MemoryMiB: 2952 * gib, Fabric: FabricRoCE, Interfaces: 8},
		{Name: "a4-highgpu-8g", Accelerator: "B200", CloudAccelerator: "nvidia-b200", GPUs: 8, GPUMemoryMiB: 180 * gib, VCPU: 224, MemoryMiB: 3968 * gib, Fabric: FabricRoCE, Interfaces: 8},
		{Name: "a4x-highgpu-4g", Accelerator: "GB200", CloudAccelerator: "nvidia-gb200", GPUs: 4, GPUMemoryMiB: 186 * gib, VCPU: 140, MemoryMiB: 884 * gib, Fabric: FabricRoCE, Interfaces: 4, Arch: ARM64},
		{Name: "a4x-maxgpu-4g-metal", Accelerator: "GB300", CloudAccelerator: "nvidia-gb300", GPUs: 4, GPUMemoryMiB: 279 * gib, VCPU: 144, MemoryMiB: 960 * gib, Arch: ARM64},
	}
}
