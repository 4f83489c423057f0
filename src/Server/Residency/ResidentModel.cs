using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>A loaded model, as <c>/api/ps</c> shows it.</summary>
/// <param name="Model">What was loaded.</param>
/// <param name="Description">Facts of the loaded model.</param>
/// <param name="ExpiresAt">When it will be unloaded unless it is used before; null for never.</param>
public sealed record ResidentModel(ServedModel Model, ModelDescription Description, DateTimeOffset? ExpiresAt);
