using System.Text.Json;

namespace LocalLlm.Server.Http.Json;

/// <summary>Numbers of a request: clients write integers as <c>42</c>, <c>42.0</c> or <c>4.2e1</c>.</summary>
internal static class JsonNumber
{
    /// <summary>The integer part of a JSON number; false if it does not fit.</summary>
    public static bool TryGetInteger(JsonElement number, out long integer)
    {
        if (number.TryGetInt64(out integer))
        {
            return true;
        }
        double value = number.GetDouble();
        integer = 0;
        // False for NaN, and for 2^63, which a double can hold and a long cannot.
        if (!(value >= long.MinValue && value < long.MaxValue))
        {
            return false;
        }
        integer = (long)value;
        return true;
    }

    /// <summary>The float32 nearest to a JSON number; false if it is not finite.</summary>
    public static bool TryGetSingle(JsonElement number, out float value)
    {
        value = (float)number.GetDouble();
        return float.IsFinite(value);
    }
}
