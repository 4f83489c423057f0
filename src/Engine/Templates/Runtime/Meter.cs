using System.Runtime.CompilerServices;

namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>
/// What a rendering has used of its limits, and where it is. Everything that takes time or memory in proportion to its input is charged
/// here before it is done.
/// </summary>
internal class Meter(TemplateLimits limits)
{
    /// <summary>What an element of a collection is taken to cost: its slot and a small boxed value.</summary>
    private const int BytesPerElement = 32;

    /// <summary>Characters that a vectorised scan passes in about the time of one step.</summary>
    private const int CharactersPerStep = 64;

    private long _steps;
    private long _iterations;
    private long _allocated;
    private int _callDepth;

    /// <summary>Offset in the source of what is being evaluated, for error messages.</summary>
    public int Position { get; set; }

    /// <summary>Notes that the node at a source offset is about to be evaluated: counts a step and makes sure that the stack has room.</summary>
    public void Enter(int offset)
    {
        Position = offset;
        Charge(1);
        RequireStack();
    }

    /// <summary>Fails if the stack is nearly used up, whatever the size of this thread's stack. Called wherever nested data is walked.</summary>
    public static void RequireStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new TemplateError("the template or its data is nested too deeply");
        }
    }

    /// <summary>Counts steps.</summary>
    public void Charge(long steps)
    {
        _steps += steps;
        if (_steps > limits.Steps)
        {
            throw new TemplateError($"the template takes more than {limits.Steps} steps");
        }
    }

    /// <summary>Counts the steps of looking through so many characters.</summary>
    public void ChargeScan(long characters) => Charge(characters / CharactersPerStep);

    /// <summary>Counts the steps of looking for one text in another; a part that nearly occurs everywhere is compared again and again.</summary>
    public void ChargeSearch(long characters, long partLength) =>
        Charge(characters / CharactersPerStep * (1 + (partLength / CharactersPerStep)));

    /// <summary>Counts a pass through the body of a loop.</summary>
    public void ChargeIteration()
    {
        if (++_iterations > limits.LoopIterations)
        {
            throw new TemplateError($"the loops of the template run more than {limits.LoopIterations} times");
        }
    }

    /// <summary>Counts text about to be made, in UTF-16 code units.</summary>
    public void AllocateText(long characters) => Allocate(characters, sizeof(char));

    /// <summary>Counts elements about to be put into a collection, and the steps of moving them.</summary>
    public void AllocateElements(long count)
    {
        Allocate(count, BytesPerElement);
        Charge(count);
    }

    /// <summary>Enters what can call itself; pair with <see cref="LeaveCall"/>.</summary>
    /// <param name="what">What calls each other, in the plural, for the error message.</param>
    public void EnterCall(string what = "macros and recursive loops")
    {
        if (_callDepth >= limits.CallDepth)
        {
            throw new TemplateError($"{what} call each other more than {limits.CallDepth} levels deep");
        }
        _callDepth++;
    }

    /// <summary>Leaves what <see cref="EnterCall"/> entered.</summary>
    public void LeaveCall() => _callDepth--;

    private void Allocate(long count, int size)
    {
        // Counts come from the template (a repetition, a width): the product must not overflow before it is compared.
        if (count > (limits.AllocatedBytes - _allocated) / size)
        {
            throw new TemplateError($"the template makes more than {limits.AllocatedBytes} bytes of text and collections");
        }
        _allocated += count * size;
    }
}
