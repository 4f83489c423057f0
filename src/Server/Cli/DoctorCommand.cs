using System.CommandLine;
using System.Runtime.InteropServices;
using LocalLlm.Engine;
using LocalLlm.Kernels;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary><c>doctor</c>: what this machine offers and what the program makes of it.</summary>
internal static class DoctorCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Option<bool> simd = new("--simd") { Description = "Only what computes: SIMD levels, threads, processor" };
        Option<bool> kernels = new("--kernels") { Description = "The kernels that are assembled at run time, disassembled" };
        Option<bool> store = new("--store") { Description = "Verify the model store (OLLAMA_MODELS): read every blob again" };
        Command command = new("doctor", "Show what this machine offers, and the models known by name.") { simd, kernels, store };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (result.GetValue(store))
            {
                await Task.Run(() => StoreReport.Write(host, cancellationToken), cancellationToken);
            }
            else if (result.GetValue(kernels))
            {
                KernelListing.Write(host.Out);
            }
            else
            {
                Report(host, onlySimd: result.GetValue(simd));
            }
            return 0;
        });
        return command;
    }

    private static void Report(CliHost host, bool onlySimd)
    {
        ReportSimd(host);
        if (!onlySimd)
        {
            host.Out.WriteLine($"runtime    {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
            host.Out.WriteLine();
            ReportModels(host);
        }
    }

    private static void ReportModels(CliHost host)
    {
        HashSet<ModelName> stored = [.. new ModelStore(OllamaEnvironment.Read(host.Variable).Models, readOnly: true).List().Models.Select(model => model.Name)];
        TextTable table = new("MODEL", "STATE", "MEMORY", "FROM");
        foreach (CatalogueModel model in host.Catalogue.Models)
        {
            CataloguedModel row = CataloguedModel.Of(model, stored, SystemMemory.AvailableBytes);
            table.Add(string.Join(", ", model.Names), row.State, row.Memory, model.Path ?? model.Reference!.Value.FullName);
        }
        table.Write(host.Out);
    }

    private static void ReportSimd(CliHost host)
    {
        SimdLevel inForce = ComputeFlags.ReadSimd(null, host);
        TextTable table = new("LEVEL", "STATE");
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>())
        {
            table.Add(SimdLevels.Name(level), !SimdLevels.Supported.Contains(level) ? "not on this machine" : level == inForce ? "can run, in force" : "can run");
        }
        table.Write(host.Out);
        if (SimdLevels.Remark is { } remark)
        {
            host.Out.WriteLine(remark);
        }
        host.Out.WriteLine();
        host.Out.WriteLine($"threads    {ComputeFlags.ReadThreads(host)} of {Environment.ProcessorCount} logical processors");
        host.Out.WriteLine($"processor  {ProcessorName.Read()}");
    }
}
