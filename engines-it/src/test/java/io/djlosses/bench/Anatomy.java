/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Counts what the sources of the losses are made of. It needs nothing but a JDK:
 *
 * <pre>{@code
 * java engines-it/src/test/java/io/djlosses/bench/Anatomy.java [root of a source tree]
 * }</pre>
 *
 * <p>A line counts if it holds code, text blocks included; blank lines, comments, imports and what
 * stands before the class do not count. A second count takes the comments in the class too, each
 * with the member that follows it. Every line of a loss belongs to the member that it is in, and
 * every member to one part:
 *
 * <ol>
 *   <li>the part of the first rule of {@link #RULES} that it meets;
 *   <li>else, for a method, a static field or a nested class that members of a single part use,
 *       that part;
 *   <li>else "state" for fields, constructors and the declaration of the class, and "helpers" for
 *       anything else.
 * </ol>
 *
 * <p>Classes that are not public and that losses use, directly or through each other, are helpers
 * from the first line to the last. The output says how many of these lines rules would have put
 * elsewhere.
 */
public final class Anatomy {

    /** Part, kind of member (or type of a field, or of what a method returns), and pattern. */
    private static final String RULES =
            """
            builder   class    Builder
            builder   method   builder
            scripts   type     Script|Script\\..*|ScriptBuilder
            checks    method   check|check[A-Z].*|unreducedShape
            readings  method   readings|closedForm|scripted|closedFormSize|graphSize|recorded
            formula   method   unreduced|terms|finish
            """;

    private static final Set<String> ROOTS =
            Set.of("Loss", "AbstractLoss", "AbstractCompositeLoss");
    private static final String STATE = "state";
    private static final String HELPERS = "helpers";
    private static final List<String> PARTS =
            List.of("builder", "scripts", HELPERS, "checks", "readings", "formula", STATE);

    private record Rule(String part, String kind, String pattern) {}

    /** A member of a class: its lines, and the names it uses. */
    private static final class Member {
        String name = "";
        String kind = "";
        String type = "";
        boolean isMovable;
        String part = "";
        final BitSet lines = new BitSet();
        final Set<String> uses = new TreeSet<>();
    }

    /** A top-level class and its file. */
    private record Source(
            Path path,
            CompilationUnitTree unit,
            ClassTree type,
            BitSet code,
            BitSet text,
            int allLines) {

        String name() {
            return type.getSimpleName().toString();
        }

        boolean has(Modifier modifier) {
            return type.getModifiers().getFlags().contains(modifier);
        }

        String parent() {
            return type.getExtendsClause() == null ? "" : simple(type.getExtendsClause());
        }
    }

    private final List<Rule> rules = new ArrayList<>();
    private final Map<String, Source> sources = new TreeMap<>();
    private final Path root;
    private SourcePositions positions;

    private Anatomy(Path root) {
        this.root = root;
        for (String line : RULES.lines().toList()) {
            String[] columns = line.trim().split(" +", 3);
            rules.add(new Rule(columns[0], columns[1], columns[2]));
        }
    }

    /**
     * Prints the tables.
     *
     * @param args the root of the source tree (default: the current folder)
     * @throws IOException if it cannot be read
     */
    public static void main(String[] args) throws IOException {
        Anatomy anatomy = new Anatomy(Path.of(args.length == 0 ? "." : args[0]));
        int apiFiles = anatomy.parse("api");
        int lossFiles = anatomy.parse("losses");
        if (apiFiles == 0 || lossFiles == 0) {
            throw new IllegalArgumentException(
                    anatomy.root + " must hold api/src/main/java and losses/src/main/java");
        }
        anatomy.print();
    }

    // ------------------------------------------------------------------ parsing

    private Path folder(String module) {
        return root.resolve(module).resolve("src/main/java");
    }

    private int parse(String module) throws IOException {
        if (!Files.isDirectory(folder(module))) {
            return 0;
        }
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder(module))) {
            files = walk.filter(p -> p.toString().endsWith(".java")).sorted().toList();
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager =
                compiler.getStandardFileManager(null, Locale.ROOT, null)) {
            JavacTask task =
                    (JavacTask)
                            compiler.getTask(
                                    null,
                                    manager,
                                    null,
                                    List.of("-proc:none"),
                                    null,
                                    manager.getJavaFileObjectsFromPaths(files));
            for (CompilationUnitTree unit : task.parse()) {
                Path path = Path.of(unit.getSourceFile().toUri());
                String text = Files.readString(path);
                for (Tree type : unit.getTypeDecls()) {
                    if (type instanceof ClassTree top) {
                        Source source =
                                new Source(
                                        path,
                                        unit,
                                        top,
                                        codeLines(text),
                                        textLines(text),
                                        (int) text.lines().count());
                        sources.put(source.name(), source);
                    }
                }
            }
            positions = Trees.instance(task).getSourcePositions();
        }
        return files.size();
    }

    /** Finds the lines that hold more than blanks and comments; the first line is 1. */
    private static BitSet codeLines(String text) {
        BitSet code = new BitSet();
        int line = 1;
        String end = "";
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                line++;
                end = end.equals("\n") ? "" : end;
            } else if (end.equals("\n") || end.equals("*/")) {
                if (text.startsWith(end, i)) {
                    end = "";
                    i++;
                }
            } else if (!end.isEmpty()) {
                if (!Character.isWhitespace(c)) {
                    code.set(line);
                }
                if (c == '\\') {
                    i++;
                } else if (text.startsWith(end, i)) {
                    i += end.length() - 1;
                    end = "";
                }
            } else if (text.startsWith("//", i)) {
                end = "\n";
            } else if (text.startsWith("/*", i)) {
                end = "*/";
                i++;
            } else if (!Character.isWhitespace(c)) {
                code.set(line);
                if (text.startsWith("\"\"\"", i)) {
                    end = "\"\"\"";
                    i += 2;
                } else if (c == '"' || c == '\'') {
                    end = String.valueOf(c);
                }
            }
        }
        return code;
    }

    /** Finds the lines that are not blank. */
    private static BitSet textLines(String text) {
        BitSet lines = new BitSet();
        int line = 1;
        for (String content : text.lines().toList()) {
            lines.set(line++, !content.isBlank());
        }
        return lines;
    }

    /** Returns the lines of a tree; none of what the compiler added. */
    private BitSet lines(Source source, Tree tree) {
        long start = positions.getStartPosition(source.unit, tree);
        long end = positions.getEndPosition(source.unit, tree);
        BitSet lines = new BitSet();
        if (end >= 0) {
            int first = (int) source.unit.getLineMap().getLineNumber(start);
            int last = (int) source.unit.getLineMap().getLineNumber(end - 1);
            lines.set(first, last + 1);
        }
        return lines;
    }

    private int codeLines(Source source) {
        BitSet lines = lines(source, source.type);
        lines.and(source.code);
        return lines.cardinality();
    }

    private static String simple(Tree type) {
        String name = type.toString().replaceAll("@\\w+ ?", "").replaceAll("<.*", "");
        return name.substring(name.lastIndexOf(' ') + 1);
    }

    private static Set<String> names(Tree tree) {
        Set<String> names = new TreeSet<>();
        new TreeScanner<Void, Void>() {
            @Override
            public Void visitIdentifier(IdentifierTree node, Void unused) {
                names.add(node.getName().toString());
                return super.visitIdentifier(node, null);
            }

            @Override
            public Void visitMemberSelect(MemberSelectTree node, Void unused) {
                names.add(node.getIdentifier().toString());
                return super.visitMemberSelect(node, null);
            }

            @Override
            public Void visitMemberReference(MemberReferenceTree node, Void unused) {
                names.add(node.getName().toString());
                return super.visitMemberReference(node, null);
            }

            @Override
            public Void visitNewClass(NewClassTree node, Void unused) {
                names.add(simple(node.getIdentifier()));
                return super.visitNewClass(node, null);
            }
        }.scan(tree, null);
        return names;
    }

    // ------------------------------------------------------------------ classification

    private boolean isLoss(Source source) {
        String name = source.name();
        for (int depth = 0; depth < 20; depth++) {
            if (ROOTS.contains(name)) {
                return true;
            }
            Source found = sources.get(name);
            if (found == null) {
                return false;
            }
            name = found.parent();
        }
        return false;
    }

    private boolean isIn(Source source, String module) {
        return source.path.startsWith(folder(module).toAbsolutePath().normalize());
    }

    /** Returns the members of a class with their parts. */
    private List<Member> members(Source source) {
        List<Member> members = new ArrayList<>();
        int end = 0;
        for (Tree tree : source.type.getMembers()) {
            Member member = new Member();
            member.lines.or(lines(source, tree));
            if (member.lines.isEmpty()) {
                continue; // the constructor that the compiler adds
            }
            if (end > 0) {
                // With the comments before it.
                member.lines.set(Math.min(end, member.lines.length()), member.lines.length());
            }
            end = member.lines.length();
            member.uses.addAll(names(tree));
            if (tree instanceof MethodTree method) {
                member.name = method.getName().toString();
                member.kind = method.getReturnType() == null ? "constructor" : "method";
                member.type = method.getReturnType() == null ? "" : simple(method.getReturnType());
                member.isMovable = method.getReturnType() != null;
            } else if (tree instanceof VariableTree field) {
                member.name = field.getName().toString();
                member.kind = "field";
                member.type = simple(field.getType());
                member.isMovable = field.getModifiers().getFlags().contains(Modifier.STATIC);
            } else if (tree instanceof ClassTree type) {
                member.name = type.getSimpleName().toString();
                member.kind = "class";
                member.isMovable = true;
            } else {
                member.kind = "block";
            }
            member.part = partByRule(member);
            members.add(member);
        }
        spread(members);
        for (Member member : members) {
            if (member.part.isEmpty()) {
                boolean isCode = member.kind.equals("method") || member.kind.equals("class");
                member.part = isCode ? HELPERS : STATE;
            }
        }
        return members;
    }

    private String partByRule(Member member) {
        for (Rule rule : rules) {
            boolean isOfType = rule.kind.equals("type") && member.type.matches(rule.pattern);
            boolean isNamed = rule.kind.equals(member.kind) && member.name.matches(rule.pattern);
            if (isOfType || isNamed) {
                return rule.part;
            }
        }
        return "";
    }

    /** Gives what members of one part alone use, that part; until nothing changes. */
    private static void spread(List<Member> members) {
        boolean isChanged = true;
        while (isChanged) {
            isChanged = false;
            for (Member member : members) {
                if (!member.isMovable || !member.part.isEmpty()) {
                    continue;
                }
                Set<String> parts = new TreeSet<>();
                for (Member other : members) {
                    if (!other.name.equals(member.name) && other.uses.contains(member.name)) {
                        parts.add(other.part);
                    }
                }
                if (parts.size() == 1 && !parts.contains("")) {
                    member.part = parts.iterator().next();
                    isChanged = true;
                }
            }
        }
    }

    /** Counts lines of a class by part; a line of two members belongs to the first. */
    private Map<String, Integer> count(Source loss, BitSet what) {
        Map<String, Integer> counts = new HashMap<>();
        BitSet left = lines(loss, loss.type);
        left.and(what);
        for (Member member : members(loss)) {
            BitSet own = (BitSet) member.lines.clone();
            own.and(left);
            left.andNot(own);
            counts.merge(member.part, own.cardinality(), Integer::sum);
        }
        counts.merge(STATE, left.cardinality(), Integer::sum);
        return counts;
    }

    /** Returns the classes that are not public and that losses use, directly or not. */
    private Set<Source> helpers(List<Source> losses) {
        Map<String, Source> found = new TreeMap<>();
        Deque<Source> queue = new ArrayDeque<>(losses);
        while (!queue.isEmpty()) {
            Source user = queue.remove();
            for (String name : names(user.type)) {
                Source used = sources.get(name);
                if (used != null
                        && isIn(used, "losses")
                        && !used.has(Modifier.PUBLIC)
                        && found.putIfAbsent(name, used) == null) {
                    queue.add(used);
                }
            }
        }
        return Set.copyOf(found.values());
    }

    // ------------------------------------------------------------------ output

    private void print() throws IOException {
        List<Source> losses =
                sources.values().stream()
                        .filter(s -> isIn(s, "losses") && isLoss(s))
                        .filter(s -> s.has(Modifier.PUBLIC) && !s.has(Modifier.ABSTRACT))
                        .toList();
        Map<String, Integer> totals = new LinkedHashMap<>();
        Map<String, Integer> texts = new LinkedHashMap<>();
        PARTS.forEach(part -> totals.put(part, 0));

        header("loss", "file", "body");
        for (Source loss : losses) {
            Map<String, Integer> counts = count(loss, loss.code);
            int body = codeLines(loss);
            int sum = counts.values().stream().mapToInt(Integer::intValue).sum();
            if (sum != body) {
                throw new IllegalStateException(loss.name() + ": " + sum + " of " + body);
            }
            counts.forEach((part, lines) -> totals.merge(part, lines, Integer::sum));
            count(loss, loss.text).forEach((part, n) -> texts.merge(part, n, Integer::sum));
            row(loss.name(), loss.allLines, body, counts);
        }

        int ofHelpers = 0;
        Map<String, Integer> elsewhere = new TreeMap<>();
        List<Source> helpers =
                helpers(losses).stream().sorted(Comparator.comparing(Source::name)).toList();
        System.out.println();
        header("class for losses", "file", "body");
        for (Source helper : helpers) {
            Map<String, Integer> counts = count(helper, helper.code);
            int body = codeLines(helper);
            ofHelpers += body;
            texts.merge(
                    HELPERS,
                    count(helper, helper.text).values().stream().mapToInt(n -> n).sum(),
                    Integer::sum);
            row(helper.name(), helper.allLines, body, counts);
            counts.forEach((part, lines) -> elsewhere.merge(part, lines, Integer::sum));
        }
        elsewhere.keySet().removeAll(List.of(HELPERS, STATE));
        totals.merge(HELPERS, ofHelpers, Integer::sum);

        int all = totals.values().stream().mapToInt(Integer::intValue).sum();
        int text = texts.values().stream().mapToInt(Integer::intValue).sum();
        System.out.printf("%n%-28s %6s %6s %14s %6s%n", "part", "code", "%", "with comments", "%");
        for (String part : PARTS) {
            int code = totals.get(part);
            int own = texts.getOrDefault(part, 0);
            System.out.printf(
                    "%-28s %6d %6.1f %14d %6.1f%n",
                    part, code, 100.0 * code / all, own, 100.0 * own / text);
        }
        System.out.printf("%-28s %6d %6s %14d%n", "all", all, "", text);
        System.out.printf(
                "Of the code of helpers %d lines are in %d classes for losses, of which rules would"
                        + " count %s%n",
                ofHelpers, helpers.size(), elsewhere);
        System.out.printf("%d losses%n%n", losses.size());

        printTemplate();
        System.out.printf("%n%-28s %6s %6s %6s%n", "main sources", "files", "all", "code");
        for (String module : List.of("api", "losses")) {
            printModule(module);
        }
    }

    private static void header(String name, String file, String body) {
        System.out.printf("%-30s %6s %6s", name, file, body);
        PARTS.forEach(part -> System.out.printf(" %8s", part));
        System.out.println();
    }

    private static void row(String name, int file, int body, Map<String, Integer> counts) {
        System.out.printf("%-30s %6d %6d", name, file, body);
        PARTS.forEach(part -> System.out.printf(" %8d", counts.getOrDefault(part, 0)));
        System.out.println();
    }

    private void printTemplate() {
        Source template = sources.get("AbstractLoss");
        int[] methods = new int[2];
        for (Tree tree : template.type.getMembers()) {
            if (tree instanceof MethodTree method && method.getReturnType() != null) {
                Set<Modifier> flags = method.getModifiers().getFlags();
                methods[0] += flags.contains(Modifier.PROTECTED) ? 1 : 0;
                methods[1] += flags.contains(Modifier.PUBLIC) ? 1 : 0;
            }
        }
        System.out.printf(
                "AbstractLoss: %d lines, %d of code in its body, %d protected and %d public"
                        + " methods%n",
                template.allLines, codeLines(template), methods[0], methods[1]);
    }

    private void printModule(String module) throws IOException {
        int[] sums = new int[3];
        try (Stream<Path> walk = Files.walk(folder(module))) {
            for (Path file : walk.filter(p -> p.toString().endsWith(".java")).toList()) {
                String text = Files.readString(file);
                sums[0]++;
                sums[1] += (int) text.lines().count();
                sums[2] += codeLines(text).cardinality();
            }
        }
        System.out.printf("%-28s %6d %6d %6d%n", module, sums[0], sums[1], sums[2]);
    }
}
