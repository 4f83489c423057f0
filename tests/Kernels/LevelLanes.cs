namespace LocalLlm.Kernels.Tests;

/// <summary>What a test does with the lanes of a level.</summary>
internal interface ILaneBody
{
    void Run<TLanes>()
        where TLanes : unmanaged, IFloatLanes<TLanes>;
}

/// <summary>What a test does with the sixteen lanes of a vector level.</summary>
internal interface ILanes16Body
{
    void Run<TLanes>()
        where TLanes : unmanaged, ILanes16<TLanes>;
}

/// <summary>Runs a test's body over the lanes that a level stands for.</summary>
internal static class LevelLanes
{
    public static void Run(SimdLevel level, ILaneBody body)
    {
        switch (level)
        {
            case SimdLevel.Scalar:
                body.Run<ScalarLane>();
                break;
            case SimdLevel.Avx512 or SimdLevel.Avx512Vnni:
                body.Run<Avx512Lanes>();
                break;
            default:
                body.Run<Avx2Lanes>();
                break;
        }
    }

    /// <summary>The scalar level has no sixteen lanes: nothing to run.</summary>
    public static void Run16(SimdLevel level, ILanes16Body body)
    {
        if (level is SimdLevel.Avx512 or SimdLevel.Avx512Vnni)
        {
            body.Run<Avx512Lanes>();
        }
        else if (level != SimdLevel.Scalar)
        {
            body.Run<Avx2Lanes>();
        }
    }
}
