using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>A number as a KV cache stores it.</summary>
internal unsafe interface IKvElement
{
    /// <summary>Bytes of one number.</summary>
    static abstract int Bytes { get; }

    /// <summary>Reads <c>TLanes.Count</c> numbers as float32, exactly.</summary>
    static abstract TLanes Load<TLanes>(byte* source)
        where TLanes : unmanaged, IFloatLanes<TLanes>;

    /// <summary>Writes <c>TLanes.Count</c> numbers, rounded to nearest even.</summary>
    static abstract void Store<TLanes>(TLanes value, byte* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes>;
}

/// <summary>IEEE binary16.</summary>
internal readonly unsafe struct F16Element : IKvElement
{
    /// <inheritdoc/>
    public static int Bytes => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Load<TLanes>(byte* source)
        where TLanes : unmanaged, IFloatLanes<TLanes> => TLanes.LoadHalf((ushort*)source);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TLanes>(TLanes value, byte* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes> => value.StoreHalf((ushort*)destination);
}

/// <summary>IEEE binary32.</summary>
internal readonly unsafe struct F32Element : IKvElement
{
    /// <inheritdoc/>
    public static int Bytes => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Load<TLanes>(byte* source)
        where TLanes : unmanaged, IFloatLanes<TLanes> => TLanes.Load((float*)source);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TLanes>(TLanes value, byte* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes> => value.Store((float*)destination);
}
