namespace LocalLlm.Kernels;

/// <summary>How the KV cache stores a number.</summary>
public enum KvType
{
    /// <summary>IEEE binary16, rounded to nearest even when stored, widened exactly when read.</summary>
    F16,

    /// <summary>IEEE binary32.</summary>
    F32,
}
