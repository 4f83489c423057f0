using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace LocalLlm.Server.Cli;

/// <summary>What the processor calls itself.</summary>
internal static class ProcessorName
{
    /// <summary>The brand string of x86 processors (CPUID leaves 0x80000002 to 4, 16 bytes each), else the architecture.</summary>
    public static string Read()
    {
        const int firstLeaf = unchecked((int)0x80000002), leaves = 3;
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < unchecked((uint)(firstLeaf + leaves - 1)))
        {
            return RuntimeInformation.ProcessArchitecture.ToString();
        }
        int[] registers = new int[4 * leaves];
        for (int leaf = 0; leaf < leaves; leaf++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(firstLeaf + leaf, 0);
            new[] { eax, ebx, ecx, edx }.CopyTo(registers, 4 * leaf);
        }
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>(registers)).TrimEnd('\0').Trim();
    }
}
