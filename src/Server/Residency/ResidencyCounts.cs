namespace LocalLlm.Server.Residency;

/// <summary>What has happened to models since the server started.</summary>
/// <param name="Loads">Loads that succeeded.</param>
/// <param name="FailedLoads">Loads that failed or were given up, refusals for want of memory included.</param>
/// <param name="Evictions">Models that made way for others.</param>
/// <param name="Losses">Models whose engine ended by itself.</param>
public readonly record struct ResidencyCounts(long Loads, long FailedLoads, long Evictions, long Losses);
