using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>A loaded model, as <c>/api/ps</c> shows it.</summary>
/// <param name="Model">What was loaded.</param>
/// <param name="Engine">The loaded model, to look at; whoever uses it takes a lease.</param>
/// <param name="ExpiresAt">When it will be unloaded unless it is used before; null for never.</param>
public sealed record ResidentModel(ServedModel Model, ITextEngine Engine, DateTimeOffset? ExpiresAt);
