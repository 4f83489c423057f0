using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Makes values whose every member, members of members included, differs from what it is in a new one, and compares values member by member.</summary>
internal static class Specimen
{
    /// <summary>A value of a type. <paramref name="ordinary"/> is what it must differ from.</summary>
    public static object Of(Type type, object? ordinary = null)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying);
        }
        return type switch
        {
            _ when type == typeof(string) => "é\u0301 \"\\ \n\t<&>\u2028 😀 \u0000",
            _ when type == typeof(bool) => ordinary is not true,
            _ when type == typeof(int) => int.MaxValue - 3,
            _ when type == typeof(long) => long.MinValue + 5,
            _ when type == typeof(float) => -0.1f,
            _ when type == typeof(TimeSpan) => TimeSpan.FromTicks(1234567890123),
            _ when type == typeof(byte[]) => new byte[] { 0, 255, 10 },
            _ when type == typeof(int[]) => new[] { int.MinValue, 0, int.MaxValue },
            _ when type == typeof(float[]) => new[] { float.Epsilon, -0f, float.NegativeInfinity },
            _ when type == typeof(JsonObject) => JsonNode.Parse("""{"z":{"ä":[1,1.0,1e2,-0,12345678901234567890123,null,true,"\u0000\n😀"]},"a":{}}""")!.AsObject(),
            _ when type.IsEnum => Enum.GetValues(type).Cast<object>().Last(value => !value.Equals(ordinary)),
            _ when type == typeof(IReadOnlyDictionary<int, float>) => new Dictionary<int, float> { [-1] = float.NegativeInfinity, [7] = 0.3f },
            _ when IsList(type) => ListOf(type.GetGenericArguments()[0]),
            _ when type.Assembly.GetName().Name!.StartsWith("LocalLlm", StringComparison.OrdinalIgnoreCase) => Compound(type),
            _ => throw new NotSupportedException($"Teach {nameof(Specimen)} to make a {type}."),
        };
    }

    /// <summary>The members that carry a value's state.</summary>
    public static IEnumerable<PropertyInfo> Members(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0 && property.SetMethod is not null);

    /// <summary>Fails where two values differ, and says at which member.</summary>
    public static void AssertSame(object? expected, object? actual, string at = "")
    {
        if (expected is null || actual is null)
        {
            Assert.True(expected is null && actual is null, $"{at}: {expected ?? "null"} became {actual ?? "null"}");
            return;
        }
        switch (expected)
        {
            case JsonNode node:
                Assert.Equal(node.ToJsonString(), ((JsonNode)actual).ToJsonString());
                break;
            case float number:
                Assert.True(BitConverter.SingleToInt32Bits(number) == BitConverter.SingleToInt32Bits((float)actual), $"{at}: {number:R} became {actual:R}");
                break;
            case string or ValueType:
                Assert.True(expected.Equals(actual), $"{at}: {expected} became {actual}");
                break;
            case IReadOnlyDictionary<int, float> entries:
                AssertSame(entries.OrderBy(entry => entry.Key).ToList(), ((IReadOnlyDictionary<int, float>)actual).OrderBy(entry => entry.Key).ToList(), at);
                break;
            case IEnumerable items:
                object?[] expectedItems = [.. items.Cast<object?>()];
                object?[] actualItems = [.. ((IEnumerable)actual).Cast<object?>()];
                Assert.True(expectedItems.Length == actualItems.Length, $"{at}: {expectedItems.Length} items became {actualItems.Length}");
                for (int i = 0; i < expectedItems.Length; i++)
                {
                    AssertSame(expectedItems[i], actualItems[i], $"{at}[{i}]");
                }
                break;
            default:
                Assert.Equal(expected.GetType(), actual.GetType());
                foreach (PropertyInfo member in Members(expected.GetType()))
                {
                    AssertSame(member.GetValue(expected), member.GetValue(actual), $"{at}.{member.Name}");
                }
                break;
        }
    }

    private static bool IsList(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>);

    private static Array ListOf(Type item)
    {
        Array items = Array.CreateInstance(item, 2);
        items.SetValue(Of(item), 0);
        items.SetValue(Of(item), 1);
        return items;
    }

    private static object Compound(Type type)
    {
        if (type.GetConstructor(Type.EmptyTypes) is not { } plain)
        {
            ConstructorInfo constructor = type.GetConstructors().Single();
            return constructor.Invoke([.. constructor.GetParameters().Select(parameter =>
                // A type that holds itself ends here.
                parameter.ParameterType.IsGenericType && parameter.ParameterType.GenericTypeArguments[0] == type && s_depth.Value > 2
                    ? Array.CreateInstance(type, 0)
                    : Deeper(() => Of(parameter.ParameterType)))]);
        }
        object ordinary = RuntimeHelpers.GetUninitializedObject(type);
        plain.Invoke(ordinary, null);
        object specimen = plain.Invoke(null);
        foreach (PropertyInfo member in Members(type))
        {
            member.SetValue(specimen, Of(member.PropertyType, member.GetValue(ordinary)));
        }
        return specimen;
    }

    private static readonly ThreadLocal<int> s_depth = new();

    private static object Deeper(Func<object> make)
    {
        s_depth.Value++;
        try
        {
            return make();
        }
        finally
        {
            s_depth.Value--;
        }
    }
}
