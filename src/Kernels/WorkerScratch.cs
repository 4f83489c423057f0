namespace LocalLlm.Kernels;

/// <summary>
/// Scratch memory for each thread of a pool. It grows to the largest need and stays, so that steady work allocates nothing; it is managed
/// (and pinned), because the operations that own it hold nothing else to dispose of.
/// </summary>
/// <param name="workers">Threads of the pool.</param>
internal sealed unsafe class WorkerScratch(int workers)
{
    private const int Alignment = 64;
    private readonly byte[][] _memory = Enumerable.Repeat(Array.Empty<byte>(), workers).ToArray();

    /// <summary>Makes room; not to be called while threads use what they have.</summary>
    /// <param name="bytes">Bytes for each thread.</param>
    public void Reserve(long bytes)
    {
        for (int i = 0; i < _memory.Length; i++)
        {
            if (_memory[i].Length < bytes + Alignment)
            {
                _memory[i] = GC.AllocateUninitializedArray<byte>(checked((int)bytes + Alignment), pinned: true);
            }
        }
    }

    /// <summary>Memory of one thread, aligned to 64 bytes.</summary>
    /// <param name="worker">The thread's number in the pool.</param>
    public byte* Of(int worker)
    {
        fixed (byte* memory = _memory[worker])
        {
            return (byte*)(((nint)memory + Alignment - 1) & -Alignment);
        }
    }
}
