package deployment

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// stacks answer CloudFormation for templates of AWS::CleanRooms, which the emulator takes and ignores. Resources get ids and
// ARNs, references are resolved, and a reference to what is not there fails the call, as it would fail the stack.
type stacks struct {
	all shelf[*stack] // by id and by name
}

func newStacks() *stacks { return &stacks{} }

type stack struct {
	ID, Name, Status, Template string
	Parameters                 map[string]string
	Tags                       map[string]string
	Outputs                    map[string]string
	Resources                  map[string]*stackResource
	Created                    string
}

type stackResource struct {
	Type string
	ids  map[string]string // what Ref and Fn::GetAtt give; Ref's under ""
}

func (s *stacks) answer(w http.ResponseWriter, r *request) bool {
	form, err := url.ParseQuery(string(r.body))
	if err != nil {
		return refuseXML(w, "ValidationError", "no form")
	}
	name := form.Get("StackName")
	if r.operation == "CreateStack" {
		return s.create(w, form)
	}
	found, ok := s.all.get(name)
	if !ok {
		return refuseXML(w, "ValidationError", fmt.Sprintf("Stack with id %s does not exist", name))
	}
	switch r.operation {
	case "DescribeStacks":
		return writeXML(w, r.operation, describe(found))
	case "GetTemplate":
		return writeXML(w, r.operation, element("TemplateBody", found.Template))
	case "DescribeStackEvents":
		return writeXML(w, r.operation, "<StackEvents></StackEvents>")
	case "UpdateStack":
		if err := found.apply(form); err != nil {
			return refuseXML(w, "ValidationError", err.Error())
		}
		found.Status = "UPDATE_COMPLETE"
		return writeXML(w, r.operation, element("StackId", found.ID))
	case "DeleteStack":
		found.Status = "DELETE_COMPLETE" // can still be described by its id
		s.all.remove(found.Name)
		return writeXML(w, r.operation, "")
	}
	return refuseXML(w, "InvalidAction", "the front does not know "+r.operation)
}

// identifier is that of the one resource of a type.
func (s *stacks) identifier(kind string) string {
	for _, key := range s.all.keys() {
		found, _ := s.all.get(key)
		for _, r := range found.Resources {
			if r.Type == kind {
				return r.ids[""]
			}
		}
	}
	return ""
}

// left is the stacks that were not deleted.
func (s *stacks) left() []string {
	var names []string
	for _, key := range s.all.keys() {
		if found, ok := s.all.get(key); ok && found.Status != "DELETE_COMPLETE" {
			names = append(names, found.Name)
		}
	}
	return names
}

func (s *stacks) create(w http.ResponseWriter, form url.Values) bool {
	name := form.Get("StackName")
	if _, ok := s.all.get(name); ok {
		return refuseXML(w, "AlreadyExistsException", fmt.Sprintf("Stack [%s] already exists", name))
	}
	made := &stack{
		Name: name, ID: fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%s", region, account, name, uuid.NewString()),
		Status: "CREATE_COMPLETE", Created: time.Now().UTC().Format(time.RFC3339),
	}
	if err := made.apply(form); err != nil {
		return refuseXML(w, "ValidationError", err.Error())
	}
	s.all.put(made.ID, made)
	s.all.put(made.Name, made)
	return writeXML(w, "CreateStack", element("StackId", made.ID))
}

// apply reads a template, makes what it does not have yet and resolves what its resources and outputs refer to.
func (s *stack) apply(form url.Values) error {
	var template struct {
		Parameters map[string]struct{ Default any }
		Resources  map[string]struct {
			Type       string
			Properties map[string]any
			DependsOn  any
		}
		Outputs map[string]struct{ Value any }
	}
	if err := json.Unmarshal([]byte(form.Get("TemplateBody")), &template); err != nil {
		return fmt.Errorf("Template format error: %w", err)
	}
	s.Template, s.Parameters, s.Tags = form.Get("TemplateBody"), members(form, "Parameters", "ParameterKey", "ParameterValue"), members(form, "Tags", "Key", "Value")
	for name, p := range template.Parameters {
		if _, given := s.Parameters[name]; !given && p.Default != nil {
			s.Parameters[name] = fmt.Sprint(p.Default)
		}
	}
	resources := map[string]*stackResource{}
	for name, r := range template.Resources {
		if !strings.HasPrefix(r.Type, "AWS::CleanRooms::") {
			return fmt.Errorf("the front makes AWS::CleanRooms resources only, not %s", r.Type)
		}
		if old := s.Resources[name]; old != nil && old.Type == r.Type {
			resources[name] = old
			continue
		}
		resources[name] = newStackResource(r.Type)
	}
	s.Resources = resources
	for name, r := range template.Resources {
		properties, err := s.resolve(r.Properties)
		if err != nil {
			return fmt.Errorf("resource %s: %w", name, err)
		}
		resources[name].belongTo(properties)
	}
	s.Outputs = map[string]string{}
	for name, o := range template.Outputs {
		value, err := s.resolve(o.Value)
		if err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		s.Outputs[name] = fmt.Sprint(value)
	}
	return nil
}

// newStackResource gives a resource its names, as the references of AWS::CleanRooms have them: Ref is the identifier, with
// the membership's before it where there is one, and the attributes are Arn and <Kind>Identifier.
func newStackResource(kind string) *stackResource {
	short, id := kind[strings.LastIndex(kind, ":")+1:], uuid.NewString()
	return &stackResource{Type: kind, ids: map[string]string{
		"": id, short + "Identifier": id, "Arn": fmt.Sprintf("arn:aws:cleanrooms:%s:%s:%s/%s", region, account, strings.ToLower(short), id),
	}}
}

// belongTo puts a membership before the ARN of what lies in it.
func (r *stackResource) belongTo(properties any) {
	fields, _ := properties.(map[string]any)
	if membership, ok := fields["MembershipIdentifier"]; ok && !strings.Contains(r.ids["Arn"], ":membership/") {
		r.ids["Arn"] = strings.Replace(r.ids["Arn"], account+":", fmt.Sprintf("%s:membership/%v/", account, membership), 1)
	}
}

var substitution = regexp.MustCompile(`\$\{([^!}]+)\}`)

// resolve replaces references by what they refer to.
func (s *stack) resolve(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = s.resolve(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if len(v) == 1 {
			for key, value := range v {
				if key == "Ref" || strings.HasPrefix(key, "Fn::") {
					return s.function(key, value)
				}
			}
		}
		out := map[string]any{}
		for key, value := range v {
			var err error
			if out[key], err = s.resolve(value); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (s *stack) function(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return s.look(fmt.Sprint(argument), "")
	case "Fn::GetAtt":
		if text, ok := argument.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			return s.look(resource, attribute)
		}
		if pair, ok := argument.([]any); ok && len(pair) == 2 {
			return s.look(fmt.Sprint(pair[0]), fmt.Sprint(pair[1]))
		}
	case "Fn::Sub":
		var failed error
		text := substitution.ReplaceAllStringFunc(fmt.Sprint(argument), func(found string) string {
			resource, attribute, _ := strings.Cut(found[2:len(found)-1], ".")
			value, err := s.look(resource, attribute)
			if err != nil {
				failed = err
			}
			return fmt.Sprint(value)
		})
		return text, failed
	}
	return nil, fmt.Errorf("the front does not know %s of %v", name, argument)
}

func (s *stack) look(name, attribute string) (any, error) {
	pseudo := map[string]string{"AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": "aws", "AWS::StackName": s.Name}
	if attribute == "" {
		for _, values := range []map[string]string{pseudo, s.Parameters} {
			if value, ok := values[name]; ok {
				return value, nil
			}
		}
	}
	if r := s.Resources[name]; r != nil {
		if value, ok := r.ids[attribute]; ok {
			return value, nil
		}
	}
	return nil, fmt.Errorf("unresolved reference to %s %s", name, attribute)
}

// members reads a list of the query protocol: <name>.member.<n>.<key> and its value.
func members(form url.Values, list, key, value string) map[string]string {
	all := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("%s.member.%d.%s", list, i, key)); i++ {
		at := fmt.Sprintf("%s.member.%d.", list, i)
		all[form.Get(at+key)] = form.Get(at + value)
	}
	return all
}

func describe(s *stack) string {
	pairs := func(list, key, value string, all map[string]string) string {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(all)) {
			b.WriteString("<member>" + element(key, name) + element(value, all[name]) + "</member>")
		}
		return "<" + list + ">" + b.String() + "</" + list + ">"
	}
	return "<Stacks><member>" + element("StackId", s.ID) + element("StackName", s.Name) + element("StackStatus", s.Status) +
		element("CreationTime", s.Created) + element("DisableRollback", "false") +
		pairs("Outputs", "OutputKey", "OutputValue", s.Outputs) + pairs("Parameters", "ParameterKey", "ParameterValue", s.Parameters) +
		pairs("Tags", "Key", "Value", s.Tags) + "</member></Stacks>"
}

func element(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

func writeXML(w http.ResponseWriter, operation, result string) bool {
	w.Header().Set("Content-Type", "text/xml")
	_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>%[3]s</RequestId></ResponseMetadata></%[1]sResponse>",
		operation, result, uuid.NewString())
	return true
}

func refuseXML(w http.ResponseWriter, code, message string) bool {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprint(w, "<ErrorResponse><Error>"+element("Type", "Sender")+element("Code", code)+element("Message", message)+"</Error></ErrorResponse>")
	return true
}
