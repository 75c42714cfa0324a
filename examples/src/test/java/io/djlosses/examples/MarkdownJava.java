/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A Java block of a Markdown file.
 *
 * <p>A block that declares a type is a source file. Any other is statements: imports at its top are
 * its own, and a comment {@code <!-- java: NDArray x, NDArray y -->} on a line before it declares
 * what it refers to.
 *
 * @param place the file and the line of the block
 * @param variables what the block refers to, as parameters of a method
 * @param code the lines of the block
 */
record MarkdownJava(String place, String variables, List<String> code) {

    private static final Pattern TYPE =
            Pattern.compile("(public |final |abstract |static )*(class|interface|record|enum) .*");

    private static final Pattern VARIABLES = Pattern.compile("<!-- java: (.*) -->");

    private static final List<String> PACKAGES =
            List.of(
                    "ai.djl",
                    "ai.djl.ndarray",
                    "ai.djl.nn",
                    "ai.djl.training",
                    "ai.djl.training.dataset",
                    "ai.djl.training.evaluator",
                    "ai.djl.training.listener",
                    "ai.djl.training.optimizer",
                    "ai.djl.training.tracker",
                    "io.djlosses",
                    "io.djlosses.api",
                    "io.djlosses.classification",
                    "io.djlosses.composite",
                    "io.djlosses.distribution",
                    "io.djlosses.embedding",
                    "io.djlosses.nd",
                    "io.djlosses.optimizer",
                    "io.djlosses.ranking",
                    "io.djlosses.regression",
                    "io.djlosses.regularization",
                    "io.djlosses.sequence",
                    "io.djlosses.vocabulary");

    /** Finds the Java blocks of a file. */
    static List<MarkdownJava> of(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<MarkdownJava> blocks = new ArrayList<>();
        String variables = "";
        List<String> code = null;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            Matcher matcher = VARIABLES.matcher(line.trim());
            if (matcher.matches()) {
                variables = matcher.group(1);
            } else if (code == null && line.trim().equals("```java")) {
                code = new ArrayList<>();
            } else if (code != null && line.trim().equals("```")) {
                String place = file.normalize() + ":" + (i + 1 - code.size());
                blocks.add(new MarkdownJava(place, variables, code));
                variables = "";
                code = null;
            } else if (code != null) {
                code.add(line);
            }
        }
        return blocks;
    }

    /** Compiles blocks, each by itself, and returns the errors with their places. */
    static List<String> compile(List<MarkdownJava> blocks) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        List<Source> sources = new ArrayList<>();
        for (MarkdownJava block : blocks) {
            sources.add(new Source(block, "block" + sources.size()));
        }
        String classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        try (StandardJavaFileManager files =
                compiler.getStandardFileManager(diagnostics, Locale.ROOT, null)) {
            Path output = Files.createDirectories(Path.of("target", "markdown"));
            compiler.getTask(
                            null,
                            files,
                            diagnostics,
                            List.of("-classpath", classPath, "-proc:none", "-d", output.toString()),
                            null,
                            sources)
                    .call();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return diagnostics.getDiagnostics().stream()
                .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .map(MarkdownJava::describe)
                .toList();
    }

    private static String describe(Diagnostic<? extends JavaFileObject> diagnostic) {
        String message = diagnostic.getMessage(Locale.ROOT);
        return diagnostic.getSource() instanceof Source source
                ? source.block.place + ": " + message + " in: " + source.line(diagnostic)
                : message;
    }

    private String source(String packageName) {
        StringBuilder source = new StringBuilder("package " + packageName + ";\n");
        if (code.stream().anyMatch(line -> TYPE.matcher(line).matches())) {
            code.forEach(line -> source.append(line).append('\n'));
            return source.toString();
        }
        PACKAGES.forEach(name -> source.append("import ").append(name).append(".*;\n"));
        source.append("import ai.djl.training.loss.Loss;\n");
        code.stream().filter(line -> line.startsWith("import ")).forEach(source::append);
        source.append("class Snippet { void run(")
                .append(variables)
                .append(") throws Exception {\n");
        code.stream()
                .filter(line -> !line.startsWith("import "))
                .forEach(line -> source.append(line).append('\n'));
        return source.append("} }\n").toString();
    }

    private static final class Source extends SimpleJavaFileObject {

        private final MarkdownJava block;
        private final String text;

        Source(MarkdownJava block, String packageName) {
            super(URI.create("string:///" + packageName + "/Snippet.java"), Kind.SOURCE);
            this.block = block;
            text = block.source(packageName);
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        String line(Diagnostic<?> diagnostic) {
            return text.lines().skip(diagnostic.getLineNumber() - 1).findFirst().orElse("").trim();
        }
    }
}
