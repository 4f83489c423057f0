namespace LocalLlm.Kernels.Tests;

public sealed class CpuTopologyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-topology-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("0-7", new[] { "0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7" }, 4)] // two threads a core
    [InlineData("4-5,6", new[] { "0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7" }, 3)] // second threads only
    [InlineData("0-1", new[] { "0-1", "0-1", "2-3", "2-3" }, 1)] // both threads of one core
    [InlineData("0-2", new[] { "0", "1", "2" }, 3)] // no SMT
    public void SmtSiblingsCountOnce(string allowed, string[] siblings, int cores)
    {
        string status = Write("status", $"Name:\ttest\nCpus_allowed:\tff\nCpus_allowed_list:\t{allowed}\nMems_allowed_list:\t0\n");
        for (int cpu = 0; cpu < siblings.Length; cpu++)
        {
            Write($"cpu{cpu}/topology/thread_siblings_list", siblings[cpu] + "\n");
        }
        Assert.Equal(cores, CpuTopology.CountCores(status, _folder.FullName));
    }

    [Theory]
    [InlineData("Name:\ttest\n")]
    [InlineData("Cpus_allowed_list:\t0-1\n")] // the topology files are missing
    [InlineData("Cpus_allowed_list:\tsome\n")]
    public void WhatTheKernelHidesIsNoLimit(string status)
        => Assert.Equal(int.MaxValue, CpuTopology.CountCores(Write("status", status), _folder.FullName));

    [Fact]
    public void DefaultThreadsIsWithinTheProcessorsOfTheProcess()
        => Assert.InRange(WorkerPool.DefaultThreads, 1, Environment.ProcessorCount);

    [Theory]
    [InlineData(8, null, 8)]
    [InlineData(8, 16.0, 8)]
    [InlineData(8, 2.0, 2)]
    [InlineData(8, 1.5, 2)]
    [InlineData(8, 1.2, 1)]
    [InlineData(8, 0.1, 1)]
    [InlineData(1, 1.5, 1)]
    public void AQuotaCountsHalvesAsProcessors(int cores, double? quota, int threads) => Assert.Equal(threads, CpuTopology.PaidFor(cores, quota));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
