using System.Globalization;

namespace LocalLlm.Server.Cli.Bench;

/// <summary>
/// A field of a result, by the name under which llama-bench prints it, so that programs which read its results can read these; fields of
/// other back ends are left out, and four are this program's own (<c>build_version</c>, <c>simd</c>, <c>activations</c>, <c>backends</c> names one).
/// </summary>
/// <param name="Name">The name.</param>
/// <param name="Value">A string, a boolean, a whole number or a double.</param>
internal sealed record BenchField(string Name, object Value)
{
    /// <summary>The fields of a result, single samples not among them.</summary>
    public static IReadOnlyList<BenchField> Of(BenchSetting setting, BenchSamples samples) =>
    [
        new("build_commit", BenchSetting.Commit),
        new("build_version", BenchSetting.Version),
        new("cpu_info", ProcessorName.Read()),
        new("gpu_info", ""),
        new("backends", BenchSetting.Backend),
        new("simd", setting.Simd),
        new("activations", setting.Activations),
        new("model_filename", setting.Path),
        new("model_type", setting.Model),
        new("model_size", setting.Bytes),
        new("model_n_params", setting.Parameters),
        new("n_batch", (long)setting.Options.BatchCapacity),
        new("n_ubatch", (long)setting.Options.BatchCapacity),
        new("n_threads", (long)samples.Test.Threads),
        new("type_k", setting.CacheType),
        new("type_v", setting.CacheType),
        new("n_gpu_layers", 0L),
        new("use_mmap", true),
        new("n_prompt", (long)samples.Test.Prompt),
        new("n_gen", (long)samples.Test.Generated),
        new("n_depth", (long)samples.Test.Depth),
        new("test_time", samples.Started.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        new("avg_ns", (long)samples.MeanNanoseconds),
        new("stddev_ns", (long)samples.DeviationNanoseconds),
        new("avg_ts", samples.MeanSpeed),
        new("stddev_ts", samples.DeviationSpeed),
    ];

    /// <summary>The value as CSV has it: booleans as 1 and 0, six decimals.</summary>
    public string Text => Value switch
    {
        bool flag => flag ? "1" : "0",
        double number => number.ToString("F6", CultureInfo.InvariantCulture),
        _ => Convert.ToString(Value, CultureInfo.InvariantCulture)!,
    };
}
