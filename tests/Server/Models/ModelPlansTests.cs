using LocalLlm.Engine;
using LocalLlm.Engine.Adapters;
using LocalLlm.Kernels;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Models;

/// <summary>What a model will take, worked out from its file before it is loaded.</summary>
public sealed class ModelPlansTests
{
    private const long GiB = 1L << 30;

    private static readonly ServedModel s_bundled = Model(Path.Combine(RepoPaths.Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf"));

    [Fact]
    public void PlanOfAPublishedModelIsItsShapes()
    {
        MemoryPlan plan = new ModelPlans(new ModelOptions()).Read(s_bundled)!(16 * GiB);
        Assert.True(plan.Fits);
        Assert.Equal(new FileInfo(s_bundled.Path).Length, plan.WeightBytes);
        Assert.Equal(30 * 3 * (64 + 64) * 2, plan.BytesPerPosition); // layers, cached heads, key and value, F16
        Assert.Equal(8192, plan.MaxContextLength);
        Assert.InRange(plan.TotalBytes, plan.LeastBytes, 16 * GiB);
    }

    [Fact]
    public void PlanFollowsTheOptions()
    {
        MemoryPlan plan = new ModelPlans(new ModelOptions { KeyValueType = KvType.F32, CacheBytes = 100 << 20, MaxSequences = 2 }).Read(s_bundled)!(16 * GiB);
        Assert.Equal(30 * 3 * (64 + 64) * 4, plan.BytesPerPosition);
        Assert.InRange(plan.CacheBytes, (100 << 20) - (32 * plan.BytesPerPosition), 100 << 20); // whole blocks
    }

    [Fact]
    public void PlanCountsAdapters()
    {
        string adapter = RepoPaths.Vector("hf", "qwen3-tied-lora", "adapter.gguf");
        ModelPlans plans = new(new ModelOptions { CacheBytes = 100 << 20 });
        MemoryPlan without = plans.Read(s_bundled)!(16 * GiB), with = plans.Read(s_bundled with { Adapters = [adapter, adapter] })!(16 * GiB);
        Assert.Equal(without.TotalBytes + (2 * AdapterFile.MemoryBytes(adapter)), with.TotalBytes);
        Assert.Null(plans.Read(s_bundled with { Adapters = [adapter + ".gone"] })); // which loading complains of
    }

    [Fact]
    public void WhatDoesNotFitIsRefusedInNumbers()
    {
        MemoryPlan plan = new ModelPlans(new ModelOptions()).Read(s_bundled)!(GiB / 4);
        Assert.False(plan.Fits);
        Assert.Matches(@"^model requires more system memory \([0-9.]+ GiB: weights 0\.09, .*than is available \(0\.25 GiB\)", plan.Refusal);
    }

    [Fact]
    public void FileThatChangesIsReadAgain()
    {
        string path = Path.GetTempFileName();
        ModelPlans plans = new(new ModelOptions());
        try
        {
            Assert.Null(plans.Read(Model(path))); // an empty file is no model: loading it says so
            File.Copy(RepoPaths.Vector("models", "qwen2-q8_0.gguf"), path, overwrite: true);
            Assert.Equal(new FileInfo(path).Length, plans.Read(Model(path))!(GiB).WeightBytes);
            File.Copy(RepoPaths.Vector("models", "qwen3-q8_0.gguf"), path, overwrite: true);
            Assert.Equal(new FileInfo(path).Length, plans.Read(Model(path))!(GiB).WeightBytes);
        }
        finally
        {
            File.Delete(path);
        }
        Assert.Null(plans.Read(Model(path)));
    }

    private static ServedModel Model(string path) => new() { Names = ["m"], Path = path };
}
