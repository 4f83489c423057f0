namespace LocalLlm.Server.Cli.Bench;

/// <summary>Writes results as they come. <see cref="Begin"/> comes first and once, <see cref="End"/> last and once, also when the run is broken off.</summary>
internal interface IBenchReport
{
    /// <summary>Writes what stands before the results.</summary>
    void Begin(BenchSetting setting);

    /// <summary>Writes a result.</summary>
    void Add(BenchSetting setting, BenchSamples samples);

    /// <summary>Writes what stands behind the results.</summary>
    void End();
}
