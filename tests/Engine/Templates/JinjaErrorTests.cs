using LocalLlm.Engine.Templates;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>Errors name the place and what was wrong.</summary>
public class JinjaErrorTests
{
    [Theory]
    [InlineData("a\n{{ b", 2, 1, "The output '{{' has no end '}}'")]
    [InlineData("a\r\n  {% if x", 2, 3, "The block '{%' has no end '%}'")]
    [InlineData("{# x", 1, 1, "The comment '{#' has no end '#}'")]
    [InlineData("\n\n{% raw %}", 3, 1, "The block 'raw' has no 'endraw'")]
    [InlineData("{% if x %}\n{% for y in z %}\n{% endif %}", 3, 4, "The block 'endif' is unknown or stands in the wrong place")]
    [InlineData("{% if x %}\n{% if y %}{% endif %}\n", 1, 4, "The block 'if' has no 'endif'")]
    [InlineData("{% for x in y %}", 1, 4, "The block 'for' has no 'endfor'")]
    [InlineData("{{ 1 + }}", 1, 8, "Expected an expression but found '}}'")]
    [InlineData("{{ (1, 2] }}", 1, 9, "Expected ')' but found ']'")]
    [InlineData("{{ a b }}", 1, 6, "Expected '}}' but found 'b'")]
    [InlineData("{{ 'abc }}", 1, 4, "The text in quotes has no end")]
    [InlineData("{{ 'a\\x4' }}", 1, 6, "The text in quotes has an escape that is not complete or not supported")]
    [InlineData("{{ a ? b }}", 1, 6, "The character '?' has no meaning here")]
    [InlineData("{{ ) }}", 1, 4, "The bracket ')' closes nothing")]
    [InlineData("{% nope %}", 1, 4, "The block 'nope' is unknown or stands in the wrong place")]
    [InlineData("{% include 'x' %}", 1, 4, "'include' is not supported, because a chat template stands alone")]
    [InlineData("{% extends 'x' %}", 1, 4, "'extends' is not supported, because a chat template stands alone")]
    [InlineData("{% break %}", 1, 4, "'break' stands outside of a loop")]
    [InlineData("{% for loop in x %}{% endfor %}", 1, 8, "The name 'loop' is taken by the loop itself")]
    [InlineData("{% set none = 1 %}", 1, 8, "'none' can't be assigned to")]
    [InlineData("{% macro m(a=1, b) %}{% endmacro %}", 1, 17, "The parameter 'b' needs a default, because one before it has one")]
    [InlineData("{{ f(a=1, a=2) }}", 1, 11, "Two arguments are named 'a'")]
    [InlineData("{{ f(a=1, 2) }}", 1, 11, "Expected a named argument but found '2'")]
    [InlineData("{{ x is defined is defined }}", 1, 17, "Tests can't be chained with 'is'")]
    public void Mistakes_in_the_source_are_found_before_rendering(string source, int line, int column, string reason)
    {
        JinjaException exception = Assert.Throws<JinjaException>(() => JinjaTemplate.Parse(source));
        Check(exception, line, column, reason);
    }

    [Theory]
    [InlineData("{{ x.y.z }}", 1, 8, "'dict object' has no attribute 'y'")]
    [InlineData("a\n  {{ nope.x }}", 2, 11, "'nope' is undefined")]
    [InlineData("{{ nope() }}", 1, 4, "'nope' is undefined")]
    [InlineData("{{ x + 1 }}", 1, 6, "The operator '+' doesn't take 'dict' and 'int'")]
    [InlineData("{{ 1 / 0 }}", 1, 6, "Division by zero")]
    [InlineData("{{ 'a' < 1 }}", 1, 8, "Values of the types 'str' and 'int' have no order")]
    [InlineData("{{ 1 in 2 }}", 1, 6, "A value of type 'int' can't be searched with 'in'")]
    [InlineData("{{ 1 in 'a' }}", 1, 6, "'in <string>' requires a string on its left, not int")]
    [InlineData("{{ 'a'.upper(1) }}", 1, 8, "'upper' takes at most 0 arguments, not 1")]
    [InlineData("{{ 'a'.replace('b') }}", 1, 8, "'replace' needs a value for 'new'")]
    [InlineData("{{ 'a' | replace('b', 'c', nope=1) }}", 1, 10, "'replace' has no parameter 'nope'")]
    [InlineData("{{ 'a'.split(1) }}", 1, 8, "Argument 1 of 'split' must be text, not of type 'int'")]
    [InlineData("{{ x | nope }}", 1, 8, "There is no filter 'nope'")]
    [InlineData("{{ x is nope }}", 1, 9, "There is no test 'nope'")]
    [InlineData("{{ 5() }}", 1, 4, "A value of type 'int' can't be called")]
    [InlineData("{% for a in 5 %}{% endfor %}", 1, 4, "A value of type 'int' can't be iterated over")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}", 1, 4, "2 names can't take 1 values")]
    [InlineData("{% set x.y = 1 %}", 1, 8, "'x' is no namespace, so that its attribute 'y' can't be set")]
    [InlineData("{% macro m(a) %}\n{{ a.b.c }}{% endmacro %}{{ m({}) }}", 2, 8, "'dict object' has no attribute 'b'")]
    [InlineData("{{ [] | first + 1 }}", 1, 15, "There is no first element, because there are none")]
    [InlineData("{{ x | tojson | int + nope }}", 1, 21, "'nope' is undefined")]
    [InlineData("{{ nope | tojson }}", 1, 11, "'nope' is undefined")]
    [InlineData("{{ {[1]: 2} }}", 1, 4, "A value of type 'list' can't be a key")]
    public void Failures_name_what_was_being_evaluated(string source, int line, int column, string reason)
    {
        JinjaTemplate template = JinjaTemplate.Parse(source);
        JinjaException exception = Assert.Throws<JinjaException>(() => template.Render(new Dictionary<string, object?> { ["x"] = new Dictionary<string, object?>() }));
        Check(exception, line, column, reason);
        Assert.False(exception.RaisedByTemplate);
    }

    [Fact]
    public void The_templates_own_words_stay_as_they_are()
    {
        JinjaTemplate template = JinjaTemplate.Parse("\n  {{ raise_exception('roles must alternate') }}");
        JinjaException exception = Assert.Throws<JinjaException>(() => template.Render(new Dictionary<string, object?>()));
        Assert.Equal("roles must alternate", exception.Message);
        Assert.Equal((2, 6, true), (exception.Line, exception.Column, exception.RaisedByTemplate));
    }

    [Fact]
    public void A_value_of_a_foreign_type_is_the_callers_mistake() =>
        Assert.Throws<ArgumentException>(() => JinjaTemplate.Parse("x").Render(new Dictionary<string, object?> { ["x"] = new Uri("http://localhost") }));

    private static void Check(JinjaException exception, int line, int column, string reason)
    {
        Assert.Equal($"{reason} (line {line}, column {column} of the template).", exception.Message);
        Assert.Equal((line, column), (exception.Line, exception.Column));
    }
}
